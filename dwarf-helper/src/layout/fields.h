/**
 * @file  Every struct, field and variable of the Go runtime and of package context that we read: one list.
 *
 * S(key, "names")        a struct; alternatives separated by '|' (renamed between releases)
 * F(struct, key, "path") a field every supported release has; missing means the layout is unusable
 * O(struct, key, "path") a field that only some releases have; its presence chooses the shape
 * E(struct)              ends a struct
 * V(key, "name") / W(…)  a package variable that must / may exist
 *
 * Included several times with different macros (layout.h, from_dwarf.c, from_table.c, the table generator parses it as text:
 * keep one entry a line; run tests/support/gen_layout.py after a change).  A number in a wrapper of sync/atomic or runtime is
 * named by its wrapper, which has the same offset and size.  Names are Go's; where it lives in Go's source is told behind each struct.
 */
// clang-format off

/* runtime/runtime2.go: type g */
S(g, "runtime.g")
F(g, stack_lo, "stack.lo")
F(g, stack_hi, "stack.hi")
F(g, m, "m")
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
O(g, runningCleanups, "runningCleanups")
E(g)

/* runtime/runtime2.go: type m */
S(m, "runtime.m")
F(m, g0, "g0")
F(m, gsignal, "gsignal")
F(m, curg, "curg")
F(m, procid, "procid")
F(m, incgo, "incgo")
F(m, alllink, "alllink")
F(m, vdsoSP, "vdsoSP")
F(m, vdsoPC, "vdsoPC")
E(m)

/* runtime/runtime2.go: type p (sysmontick: runtime/proc.go) */
S(p, "runtime.p")
O(p, schedwhen, "sysmontick.schedwhen")
O(p, syscallwhen, "sysmontick.syscallwhen")
E(p)

/* runtime/runtime2.go: type schedt */
S(schedt, "runtime.schedt")
O(schedt, lastpoll, "lastpoll")
E(schedt)

/* runtime/mstats.go: type mstats */
S(mstats, "runtime.mstats")
O(mstats, last_gc_unix, "last_gc_unix")
O(mstats, last_gc_nanotime, "last_gc_nanotime")
E(mstats)

/* runtime/runtime2.go: type sudog; since 1.26 c and elem are {vp, vu} pairs: vp may be hidden from the collector, vu is the truth */
S(sudog, "runtime.sudog")
F(sudog, g, "g")
F(sudog, next, "next")
F(sudog, prev, "prev")
F(sudog, elem, "elem.vu|elem")
F(sudog, isSelect, "isSelect")
F(sudog, waitlink, "waitlink")
F(sudog, c, "c.maybeTraceablePtr.vu|c.vu|c")
E(sudog)

/* runtime/chan.go: type hchan */
S(hchan, "runtime.hchan")
F(hchan, qcount, "qcount")
F(hchan, dataqsiz, "dataqsiz")
F(hchan, buf, "buf")
F(hchan, elemsize, "elemsize")
F(hchan, closed, "closed")
F(hchan, elemtype, "elemtype")
F(hchan, recvq_first, "recvq.first")
F(hchan, recvq_last, "recvq.last")
F(hchan, sendq_first, "sendq.first")
F(hchan, sendq_last, "sendq.last")
F(hchan, lock, "lock")
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
O(mspan, largeType, "largeType")
E(mspan)

/* runtime/mheap.go: type mheap */
S(mheap, "runtime.mheap")
F(mheap, sweepgen, "sweepgen")
F(mheap, allspans, "allspans")
F(mheap, arenas, "arenas")
E(mheap)

/* runtime/mheap.go: type heapArena; bitmap until 1.21, noMorePtrs in 1.20 and 1.21, inline mark bits since 1.25 */
S(heapArena, "runtime.heapArena")
O(heapArena, bitmap, "bitmap")
O(heapArena, noMorePtrs, "noMorePtrs")
F(heapArena, spans, "spans")
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
F(moduledata, modulename, "modulename")
F(moduledata, next, "next")
E(moduledata)

/* runtime/runtime2.go: type _func */
S(func, "runtime._func")
F(func, entryOff, "entryOff|entryoff")
F(func, nameOff, "nameOff|nameoff")
F(func, pcsp, "pcsp")
F(func, pcfile, "pcfile")
F(func, pcln, "pcln")
F(func, npcdata, "npcdata")
F(func, cuOffset, "cuOffset")
O(func, startLine, "startLine")
F(func, funcID, "funcID")
F(func, flag, "flag")
F(func, nfuncdata, "nfuncdata")
E(func)

/* runtime/symtabinl.go (symtab.go until 1.20): type inlinedCall */
S(inlinedCall, "runtime.inlinedCall")
F(inlinedCall, funcID, "funcID")
F(inlinedCall, nameOff, "nameOff|func_")
F(inlinedCall, parentPc, "parentPc")
O(inlinedCall, startLine, "startLine")
E(inlinedCall)

/* runtime/type.go: type _type; internal/abi/type.go: type Type since 1.21 */
S(type, "internal/abi.Type|runtime._type")
F(type, size, "Size_|size")
F(type, ptrdata, "PtrBytes|ptrdata")
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
F(itabTable, count, "count")
F(itabTable, entries, "entries")
E(itabTable)

/* runtime/map.go: type hmap; until 1.23, later only with GOEXPERIMENT=noswissmap */
S(hmap, "runtime.hmap")
O(hmap, count, "count")
O(hmap, flags, "flags")
O(hmap, B, "B")
O(hmap, buckets, "buckets")
O(hmap, oldbuckets, "oldbuckets")
O(hmap, nevacuate, "nevacuate")
E(hmap)

/* runtime/type.go: type maptype; internal/abi/map_noswiss.go: type OldMapType in 1.24 and 1.25 */
S(oldMapType, "internal/abi.OldMapType|internal/abi.MapType|runtime.maptype")
O(oldMapType, key, "Key|key")
O(oldMapType, elem, "Elem|elem")
O(oldMapType, bucket, "Bucket|bucket")
O(oldMapType, keysize, "KeySize|keysize")
O(oldMapType, valuesize, "ValueSize|elemsize|valuesize")
O(oldMapType, bucketsize, "BucketSize|bucketsize")
O(oldMapType, flags, "Flags|flags")
E(oldMapType)

/* internal/runtime/maps/map.go: type Map; since 1.24 */
S(swissMap, "internal/runtime/maps.Map")
O(swissMap, used, "used")
O(swissMap, dirPtr, "dirPtr")
O(swissMap, dirLen, "dirLen")
O(swissMap, globalDepth, "globalDepth")
O(swissMap, writing, "writing")
E(swissMap)

/* internal/runtime/maps/table.go: type table */
S(swissTable, "internal/runtime/maps.table")
O(swissTable, used, "used")
O(swissTable, capacity, "capacity")
O(swissTable, growthLeft, "growthLeft")
O(swissTable, localDepth, "localDepth")
O(swissTable, groups_data, "groups.data")
O(swissTable, groups_lengthMask, "groups.lengthMask")
E(swissTable)

/* internal/abi/map_swiss.go: type SwissMapType in 1.24 and 1.25; internal/abi/map.go: type MapType since 1.26 */
S(swissMapType, "internal/abi.SwissMapType|internal/abi.MapType")
O(swissMapType, key, "Key")
O(swissMapType, elem, "Elem")
O(swissMapType, group, "Group")
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
W(zerobase, "runtime.zerobase")
W(startNano, "time.startNano")
W(background, "context.background")
W(todo, "context.todo")
W(closedchan, "context.closedchan")
// clang-format on
