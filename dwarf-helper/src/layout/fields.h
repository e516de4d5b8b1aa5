/**
 * @file  Every struct, field and variable of the Go runtime and of package context that we read:
 * one list.
 *
 * S(key, "names")        a struct; alternatives separated by '|' (renamed between releases)
 * F(struct, key, "path") a field every supported release has; missing means the layout is unusable
 * O(struct, key, "path") a field that only some releases have; its presence chooses the shape
 * E(struct)              ends a struct
 * V(key, "name") / W(…)  a package variable that must / may exist
 *
 * Included several times with different macros (layout.h, from_dwarf.c, from_table.c, the table
 * generator parses it as text: keep one entry a line; run tests/support/gen_layout.py after a
 * change).  A number in a wrapper of sync/atomic or runtime is named by its wrapper, which has the
 * same offset and size.  Names are Go's; the comment in front of each struct names its file in Go's
 * source.
 */
// clang-format off

/* runtime/runtime2.go: type g */
S(g, "runtime.g")
F(g, stack_lo, "stack.lo")
F(g, stack_hi, "stack.hi")
F(g, m, "m")
F(g, defer_, "_defer")
F(g, panic_, "_panic")
F(g, sched_sp, "sched.sp")
F(g, sched_pc, "sched.pc")
F(g, sched_bp, "sched.bp")
F(g, sched_ctxt, "sched.ctxt")
F(g, syscallsp, "syscallsp")
F(g, syscallpc, "syscallpc")
F(g, atomicstatus, "atomicstatus")
F(g, goid, "goid")
F(g, waitsince, "waitsince")
F(g, waitreason, "waitreason")
O(g, parentGoid, "parentGoid")
F(g, gopc, "gopc")
F(g, startpc, "startpc")
F(g, waiting, "waiting")
F(g, labels, "labels")
O(g, asyncSafePoint, "asyncSafePoint")
O(g, xRegs_state, "xRegs.state")
O(g, param, "param")
O(g, bubble, "bubble|syncGroup")
E(g)

/* runtime/preempt_xreg.go: type xRegState; since 1.26 */
S(xRegState, "runtime.xRegState")
O(xRegState, regs, "regs")
E(xRegState)

/* runtime/synctest.go: type synctestBubble since 1.25, synctestGroup in 1.24; id since 1.25 */
S(bubble, "runtime.synctestBubble|runtime.synctestGroup")
O(bubble, id, "id")
O(bubble, now, "now")
O(bubble, root, "root")
O(bubble, timers, "timers")
E(bubble)

/* runtime/runtime2.go: type m */
S(m, "runtime.m")
F(m, g0, "g0")
F(m, gsignal, "gsignal")
F(m, procid, "procid")
F(m, alllink, "alllink")
F(m, vdsoSP, "vdsoSP")
F(m, vdsoPC, "vdsoPC")
E(m)

/* runtime/runtime2.go: type p (sysmontick: runtime/proc.go) */
S(p, "runtime.p")
O(p, schedwhen, "sysmontick.schedwhen")
O(p, syscallwhen, "sysmontick.syscallwhen")
O(p, timers, "timers")
O(p, timers_heap, "timers.heap")
E(p)

/* runtime/runtime2.go: type schedt */
S(schedt, "runtime.schedt")
O(schedt, lastpoll, "lastpoll")
E(schedt)

/* runtime/runtime2.go: type _defer; started and openDefer until 1.21, rangefunc and head since 1.22 */
S(defer, "runtime._defer")
O(defer, started, "started")
O(defer, openDefer, "openDefer")
O(defer, rangefunc, "rangefunc")
F(defer, sp, "sp")
F(defer, pc, "pc")
F(defer, fn, "fn")
F(defer, link, "link")
O(defer, head, "head")
E(defer)

/* runtime/time.go: type timer (status until 1.22, state and ts since 1.23), type timeTimer (since 1.23) */
S(timer, "runtime.timer")
O(timer, when, "when")
O(timer, f, "f")
O(timer, arg, "arg")
O(timer, status, "status")
O(timer, state, "state")
O(timer, isFake, "isFake")
O(timer, ts, "ts")
E(timer)
S(timeTimer, "runtime.timeTimer")
O(timeTimer, timer, "timer")
E(timeTimer)

/* runtime/mstats.go: type mstats */
S(mstats, "runtime.mstats")
O(mstats, last_gc_unix, "last_gc_unix")
O(mstats, last_gc_nanotime, "last_gc_nanotime")
O(mstats, heapStats, "heapStats.stats")
O(mstats, pause_total_ns, "pause_total_ns")
O(mstats, pause_ns, "pause_ns")
O(mstats, pause_end, "pause_end")
O(mstats, numgc, "numgc")
O(mstats, numforcedgc, "numforcedgc")
O(mstats, gc_cpu_fraction, "gc_cpu_fraction")
E(mstats)

/* runtime/mstats.go: type heapStatsDelta; mstats.heapStats.stats is three of them, to be summed */
S(heapStatsDelta, "runtime.heapStatsDelta")
O(heapStatsDelta, inStacks, "inStacks")
E(heapStatsDelta)

/* runtime/mgcpacer.go: type gcControllerState */
S(gcController, "runtime.gcControllerState")
O(gcController, gcPercent, "gcPercent")
O(gcController, memoryLimit, "memoryLimit")
O(gcController, gcPercentHeapGoal, "gcPercentHeapGoal")
O(gcController, sweepDistMinTrigger, "sweepDistMinTrigger")
O(gcController, triggered, "triggered")
O(gcController, heapLive, "heapLive")
O(gcController, heapMarked, "heapMarked")
O(gcController, heapInUse, "heapInUse")
O(gcController, heapReleased, "heapReleased")
O(gcController, heapFree, "heapFree")
O(gcController, totalAlloc, "totalAlloc")
O(gcController, totalFree, "totalFree")
O(gcController, mappedReady, "mappedReady")
E(gcController)

/* runtime/runtime2.go: type sudog; since 1.26 c and elem are {vp, vu} pairs: vp may be hidden from the collector, vu is the truth */
S(sudog, "runtime.sudog")
F(sudog, g, "g")
F(sudog, next, "next")
F(sudog, prev, "prev")
F(sudog, elem, "elem.vu|elem")
F(sudog, isSelect, "isSelect")
F(sudog, ticket, "ticket")
F(sudog, waitlink, "waitlink")
F(sudog, c, "c.maybeTraceablePtr.vu|c.vu|c")
E(sudog)

/* runtime/sema.go: type notifyList; sync/cond.go: type Cond */
S(notifyList, "runtime.notifyList")
O(notifyList, wait, "wait")
O(notifyList, notify, "notify")
O(notifyList, head, "head")
O(notifyList, tail, "tail")
E(notifyList)
S(cond, "sync.Cond")
O(cond, notify, "notify")
E(cond)

/* sync/mutex.go, internal/sync/mutex.go: type Mutex (mu since 1.24); sync/rwmutex.go: type RWMutex; sync/waitgroup.go: type WaitGroup (sema since 1.20) */
S(mutex, "sync.Mutex")
O(mutex, state, "state|mu.state")
O(mutex, sema, "sema|mu.sema")
E(mutex)
S(rwmutex, "sync.RWMutex")
O(rwmutex, w, "w")
O(rwmutex, writerSem, "writerSem")
O(rwmutex, readerSem, "readerSem")
E(rwmutex)
S(waitGroup, "sync.WaitGroup")
O(waitGroup, sema, "sema|state2")
E(waitGroup)

/* runtime/coro.go: type coro (1.22+) */
S(coro, "runtime.coro")
O(coro, gp, "gp")
E(coro)

/* runtime/chan.go: type hchan */
S(hchan, "runtime.hchan")
F(hchan, qcount, "qcount")
F(hchan, dataqsiz, "dataqsiz")
F(hchan, buf, "buf")
F(hchan, elemsize, "elemsize")
F(hchan, closed, "closed")
F(hchan, recvq_first, "recvq.first")
F(hchan, recvq_last, "recvq.last")
F(hchan, sendq_first, "sendq.first")
F(hchan, sendq_last, "sendq.last")
F(hchan, lock, "lock")
O(hchan, bubble, "bubble")
E(hchan)

/* runtime/mheap.go: type mspan */
S(mspan, "runtime.mspan")
F(mspan, startAddr, "startAddr")
F(mspan, npages, "npages")
F(mspan, freeindex, "freeindex")
F(mspan, nelems, "nelems")
F(mspan, allocBits, "allocBits")
F(mspan, gcmarkBits, "gcmarkBits")
F(mspan, sweepgen, "sweepgen")
F(mspan, spanclass, "spanclass")
F(mspan, state, "state")
F(mspan, elemsize, "elemsize")
F(mspan, specials, "specials")
O(mspan, largeType, "largeType")
E(mspan)

/* runtime/mheap.go: type mheap */
S(mheap, "runtime.mheap")
F(mheap, sweepgen, "sweepgen")
F(mheap, allspans, "allspans")
F(mheap, arenas, "arenas")
O(mheap, heapArenas, "heapArenas|allArenas")
E(mheap)

/* runtime/mheap.go: type special and what begins with one; specialCleanup since 1.24, its cleanup a cleanupFn since 1.26 */
S(special, "runtime.special")
O(special, next, "next")
O(special, offset, "offset")
O(special, kind, "kind")
E(special)
S(specialfinalizer, "runtime.specialfinalizer")
O(specialfinalizer, fn, "fn")
E(specialfinalizer)
S(specialCleanup, "runtime.specialCleanup")
O(specialCleanup, fn, "cleanup.fn|fn")
O(specialCleanup, cleanup_call, "cleanup.call")
O(specialCleanup, cleanup_arg, "cleanup.arg")
E(specialCleanup)
S(specialWeakHandle, "runtime.specialWeakHandle")
O(specialWeakHandle, handle, "handle")
E(specialWeakHandle)
S(specialprofile, "runtime.specialprofile")
O(specialprofile, b, "b")
E(specialprofile)

/* runtime/mprof.go: type bucket; nstk return addresses and a memRecord follow it */
S(bucket, "runtime.bucket")
O(bucket, typ, "typ")
O(bucket, size, "size")
O(bucket, nstk, "nstk")
E(bucket)

/* runtime/mfinal.go: type finBlock (finblock until 1.24), type finalizer */
S(finBlock, "runtime.finBlock|runtime.finblock")
O(finBlock, alllink, "alllink")
O(finBlock, cnt, "cnt")
O(finBlock, fin, "fin")
E(finBlock)
S(finalizer, "runtime.finalizer")
O(finalizer, fn, "fn")
O(finalizer, arg, "arg")
O(finalizer, fint, "fint")
O(finalizer, ot, "ot")
E(finalizer)

/* runtime/mcleanup.go, since 1.25: types cleanupQueue, cleanupBlock; cleanupFn since 1.26, before that a *funcval */
S(cleanupQueue, "runtime.cleanupQueue")
O(cleanupQueue, all, "all")
E(cleanupQueue)
S(cleanupBlock, "runtime.cleanupBlock")
O(cleanupBlock, alllink, "cleanupBlockHeader.alllink")
O(cleanupBlock, n, "cleanupBlockHeader.n")
O(cleanupBlock, cleanups, "cleanups")
E(cleanupBlock)
S(cleanupFn, "runtime.cleanupFn")
O(cleanupFn, call, "call")
O(cleanupFn, fn, "fn")
O(cleanupFn, arg, "arg")
E(cleanupFn)

/*
 * runtime/mheap.go: type heapArena; bitmap until 1.21, noMorePtrs in 1.20 and 1.21, inline mark bits since 1.25.  Go 1.22 built with
 * GOEXPERIMENT=noallocheaders has both in runtime/mbitmap_noallocheaders.go: type heapArenaPtrScalar, which is empty without.
 */
S(heapArena, "runtime.heapArena")
O(heapArena, bitmap, "bitmap|heapArenaPtrScalar.bitmap")
O(heapArena, noMorePtrs, "noMorePtrs|heapArenaPtrScalar.noMorePtrs")
O(heapArena, pageUseSpanInlineMarkBits, "pageUseSpanInlineMarkBits")
E(heapArena)

/* runtime/symtab.go: type moduledata */
S(moduledata, "runtime.moduledata")
F(moduledata, funcnametab, "funcnametab")
F(moduledata, cutab, "cutab")
F(moduledata, filetab, "filetab")
F(moduledata, pctab, "pctab")
F(moduledata, pclntable, "pclntable")
F(moduledata, ftab, "ftab")
F(moduledata, minpc, "minpc")
F(moduledata, maxpc, "maxpc")
F(moduledata, text, "text")
F(moduledata, etext, "etext")
F(moduledata, noptrdata, "noptrdata")
F(moduledata, enoptrdata, "enoptrdata")
F(moduledata, data, "data")
F(moduledata, edata, "edata")
F(moduledata, bss, "bss")
F(moduledata, ebss, "ebss")
F(moduledata, noptrbss, "noptrbss")
F(moduledata, enoptrbss, "enoptrbss")
F(moduledata, types, "types")
F(moduledata, etypes, "etypes")
F(moduledata, gofunc, "gofunc")
F(moduledata, rodata, "rodata")
F(moduledata, gcdatamask, "gcdatamask.bytedata")
F(moduledata, gcbssmask, "gcbssmask.bytedata")
F(moduledata, next, "next")
E(moduledata)

/* runtime/runtime2.go: type _func */
S(func, "runtime._func")
F(func, entryOff, "entryOff|entryoff")
F(func, nameOff, "nameOff|nameoff")
F(func, args, "args")
F(func, deferreturn, "deferreturn")
F(func, pcsp, "pcsp")
F(func, pcfile, "pcfile")
F(func, pcln, "pcln")
F(func, npcdata, "npcdata")
F(func, cuOffset, "cuOffset")
F(func, funcID, "funcID")
F(func, nfuncdata, "nfuncdata")
E(func)

/* runtime/symtabinl.go (symtab.go until 1.20): type inlinedCall */
S(inlinedCall, "runtime.inlinedCall")
F(inlinedCall, funcID, "funcID")
F(inlinedCall, nameOff, "nameOff|func_")
F(inlinedCall, parentPc, "parentPc")
E(inlinedCall)

/* runtime/type.go: type _type; internal/abi/type.go: type Type since 1.21 */
S(type, "internal/abi.Type|runtime._type")
F(type, size, "Size_|size")
F(type, ptrdata, "PtrBytes|ptrdata")
F(type, hash, "Hash|hash")
F(type, tflag, "TFlag|tflag")
F(type, kind, "Kind_|kind")
F(type, gcdata, "GCData|gcdata")
F(type, str, "Str|str")
E(type)

/* runtime/runtime2.go: type itab; internal/abi/iface.go: type ITab since 1.22 */
S(itab, "internal/abi.ITab|runtime.itab")
F(itab, inter, "Inter|inter")
F(itab, type, "Type|_type")
E(itab)

/* runtime/iface.go: type itabTableType */
S(itabTable, "runtime.itabTableType")
F(itabTable, size, "size")
F(itabTable, entries, "entries")
E(itabTable)

/* runtime/map.go: type hmap; until 1.23, later only with GOEXPERIMENT=noswissmap */
S(hmap, "runtime.hmap")
O(hmap, count, "count")
O(hmap, flags, "flags")
O(hmap, B, "B")
O(hmap, buckets, "buckets")
O(hmap, oldbuckets, "oldbuckets")
E(hmap)

/* runtime/type.go: type maptype; internal/abi/map_noswiss.go: type OldMapType in 1.24 and 1.25 */
S(oldMapType, "internal/abi.OldMapType|internal/abi.MapType|runtime.maptype")
O(oldMapType, key, "Key|key")
O(oldMapType, elem, "Elem|elem")
O(oldMapType, bucketsize, "BucketSize|bucketsize")
O(oldMapType, flags, "Flags|flags")
E(oldMapType)

/* internal/runtime/maps/map.go: type Map; since 1.24 */
S(swissMap, "internal/runtime/maps.Map")
O(swissMap, used, "used")
O(swissMap, dirPtr, "dirPtr")
O(swissMap, dirLen, "dirLen")
O(swissMap, writing, "writing")
E(swissMap)

/* internal/runtime/maps/table.go: type table */
S(swissTable, "internal/runtime/maps.table")
O(swissTable, groups_data, "groups.data")
O(swissTable, groups_lengthMask, "groups.lengthMask")
E(swissTable)

/* internal/abi/map_swiss.go: type SwissMapType in 1.24 and 1.25; internal/abi/map.go: type MapType since 1.26 */
S(swissMapType, "internal/abi.SwissMapType|internal/abi.MapType")
O(swissMapType, key, "Key")
O(swissMapType, elem, "Elem")
O(swissMapType, groupSize, "GroupSize")
O(swissMapType, slotSize, "SlotSize")
O(swissMapType, elemOff, "ElemOff")
O(swissMapType, keysOff, "KeysOff")
O(swissMapType, keyStride, "KeyStride")
O(swissMapType, elemsOff, "ElemsOff")
O(swissMapType, elemStride, "ElemStride")
O(swissMapType, flags, "Flags")
E(swissMapType)

/* context/context.go: type cancelCtx; done is an atomic.Value since 1.17, err since 1.25, cause since 1.20 */
S(cancelCtx, "context.cancelCtx")
F(cancelCtx, Context, "Context")
F(cancelCtx, mu_state, "mu.state|mu.mu.state")
F(cancelCtx, done, "done")
O(cancelCtx, done_v, "done.v")
F(cancelCtx, children, "children")
F(cancelCtx, err, "err")
O(cancelCtx, err_v, "err.v")
O(cancelCtx, cause, "cause")
E(cancelCtx)

/* context/context.go: type timerCtx */
S(timerCtx, "context.timerCtx")
F(timerCtx, timer, "timer")
F(timerCtx, deadline, "deadline")
E(timerCtx)

/* context/context.go: type valueCtx */
S(valueCtx, "context.valueCtx")
F(valueCtx, Context, "Context")
F(valueCtx, key, "key")
F(valueCtx, val, "val")
E(valueCtx)

/* context/context.go: types afterFuncCtx, stopCtx, withoutCancelCtx; since 1.21 */
S(afterFuncCtx, "context.afterFuncCtx")
O(afterFuncCtx, f, "f")
E(afterFuncCtx)
S(stopCtx, "context.stopCtx")
O(stopCtx, Context, "Context")
E(stopCtx)
S(withoutCancelCtx, "context.withoutCancelCtx")
O(withoutCancelCtx, c, "c")
E(withoutCancelCtx)

/* time/time.go: type Time */
S(time, "time.Time")
F(time, wall, "wall")
F(time, ext, "ext")
E(time)

V(firstmoduledata, "runtime.firstmoduledata")
W(buildVersion, "runtime.buildVersion")
W(modinfo, "runtime.modinfo")
V(allgs, "runtime.allgs")
V(allglen, "runtime.allglen")
W(allgptr, "runtime.allgptr")
V(allm, "runtime.allm")
V(allp, "runtime.allp")
V(mheap, "runtime.mheap_")
V(itabTable, "runtime.itabTable")
V(waitReasonStrings, "runtime.waitReasonStrings")
V(sched, "runtime.sched")
W(memstats, "runtime.memstats")
W(gcphase, "runtime.gcphase")
W(gcController, "runtime.gcController")
W(allfin, "runtime.allfin")
W(gcCleanups, "runtime.gcCleanups")
W(zerobase, "runtime.zerobase")
W(MemProfileRate, "runtime.MemProfileRate")
W(disableMemoryProfiling, "runtime.disableMemoryProfiling")
W(startNano, "time.startNano")
W(background, "context.background")
W(todo, "context.todo")
W(closedchan, "context.closedchan")
// clang-format on
