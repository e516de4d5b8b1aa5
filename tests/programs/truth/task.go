package truth

import (
	"bytes"
	"context"
	"runtime"
	"sort"
	"strconv"
	"strings"
	"time"
	"unsafe"
)

// Task is one goroutine as runtime.Stack shows it, with what the program
// knows of it. Goroutines of the runtime itself are not shown.
type Task struct {
	Type        string            `json:"type"` // "task"
	Goid        int64             `json:"goid"`
	Label       string            `json:"label"` // the program's own name for it, may be empty
	Status      string            `json:"status"`
	Fickle      bool              `json:"fickle"` // running one moment, runnable the next
	WaitReason  *string           `json:"wait_reason"`
	Locked      bool              `json:"locked"` // to its thread
	Func        string            `json:"func"`   // topmost function of the program itself
	File        string            `json:"file"`
	Line        int               `json:"line"`
	CreatedBy   *string           `json:"created_by"`
	CreatedFile *string           `json:"created_file"`
	CreatedLine *int              `json:"created_line"`
	ParentGoid  *int64            `json:"parent_goid"` // Go 1.21 and later
	Stack       []string          `json:"stack"`       // functions, the inlined ones too
	Frames      []Frame           `json:"frames"`
	Elided      int               `json:"elided"` // missing after the first ElidedAt; -1: some
	ElidedAt    int               `json:"elided_at"`
	Waits       []Wait            `json:"waits"`     // these three: null for a goroutine
	WaitsCtx    []string          `json:"waits_ctx"` // that the program does not know
	Labels      map[string]string `json:"labels"`
}

// Frame is one line of a stack.
type Frame struct {
	Func    string `json:"func"`
	File    string `json:"file"`
	Line    int    `json:"line"`
	Inlined bool   `json:"inlined"`
}

// statuses are the words in brackets that name a status, not a wait reason.
var statuses = map[string]bool{
	"idle": true, "runnable": true, "running": true, "syscall": true,
	"waiting": true, "dead": true, "copystack": true, "preempted": true,
}

// Begin announces the calling goroutine, which then does what expect says.
// Somebody has to Await it: the program is at rest only when all that it
// started are known.
func (r *Recorder) Begin(expect *Expected) {
	expect.Goid = goid()
	r.begun <- expect
}

// Await waits for n goroutines to Begin.
func (r *Recorder) Await(n int) {
	for i := 0; i < n; i++ {
		expect := <-r.begun
		r.tasks[expect.Goid] = expect
	}
}

// ChanAddr is the address of a channel of any type.
func ChanAddr(c interface{}) string {
	return hex((*[2]unsafe.Pointer)(unsafe.Pointer(&c))[1])
}

// On describes a goroutine that receives from the done channel of contexts.
func On(label string, status string, ctxs ...context.Context) Expected {
	e := Expected{Label: label, Status: []string{status}, Context: ctxs}
	for _, ctx := range ctxs {
		e.Waits = append(e.Waits, Wait{ChanAddr(ctx.Done()), "recv"})
	}
	return e
}

// settle waits until every goroutine is where it said it would be, and
// returns them by number, without the calling one.
func (r *Recorder) settle() []*Task {
	self := goid()
	last := ""
	for end := time.Now().Add(patience); time.Now().Before(end); runtime.Gosched() {
		tasks := parseStacks(allStacks())
		delete(tasks, self)
		if last = r.unsettled(tasks); last == "" {
			return r.join(tasks)
		}
	}
	fail("the program does not come to rest: %s", last)
	return nil
}

// unsettled names what is not yet as expected, or returns "".
func (r *Recorder) unsettled(tasks map[int64]*Task) string {
	if caller := tasks[r.caller]; caller == nil || caller.Status != "syscall" {
		return "the goroutine that waits for the end of input"
	}
	for id, task := range tasks {
		if r.tasks[id] == nil && (task.Status == "running" || task.Status == "runnable") {
			return "a goroutine in " + task.Func
		}
	}
	for id, expect := range r.tasks {
		task := tasks[id]
		if task == nil {
			return expect.Label + " is gone"
		}
		state := task.Status
		if task.WaitReason != nil {
			state = *task.WaitReason
		}
		if len(expect.Status) > 0 && !contains(expect.Status, state) {
			return expect.Label + " is in " + state
		}
	}
	return ""
}

// join adds what the program knows to what runtime.Stack shows.
func (r *Recorder) join(tasks map[int64]*Task) []*Task {
	var all []*Task
	for id, task := range tasks {
		if expect := r.tasks[id]; expect != nil {
			task.WaitsCtx, task.Waits = []string{}, []Wait{}
			task.Labels = map[string]string{}
			task.Label, task.Fickle = expect.Label, expect.Fickle
			task.Waits = append(task.Waits, expect.Waits...)
			for _, ctx := range expect.Context {
				task.WaitsCtx = append(task.WaitsCtx, addrOf(ctx))
			}
			for k, v := range expect.Labels {
				task.Labels[k] = v
			}
		}
		all = append(all, task)
	}
	sort.Slice(all, func(i, j int) bool { return all[i].Goid < all[j].Goid })
	return all
}

func contains(list []string, word string) bool {
	for _, one := range list {
		if one == word {
			return true
		}
	}
	return false
}

// allStacks returns the text of all goroutines, however long.
func allStacks() string {
	for size := 1 << 20; ; size *= 2 {
		buf := make([]byte, size)
		if n := runtime.Stack(buf, true); n < size {
			return string(buf[:n])
		}
	}
}

// goid is the number of the calling goroutine.
func goid() int64 {
	buf := make([]byte, 64)
	fields := bytes.Fields(buf[:runtime.Stack(buf, false)])
	id, err := strconv.ParseInt(string(fields[1]), 10, 64)
	must(err)
	return id
}

// parseStacks reads the text of runtime.Stack.
func parseStacks(all string) map[int64]*Task {
	tasks := map[int64]*Task{}
	for _, block := range strings.Split(strings.TrimSpace(all), "\n\n") {
		task := parseStack(strings.Split(block, "\n"))
		tasks[task.Goid] = task
	}
	return tasks
}

func parseStack(lines []string) *Task {
	task := &Task{Type: "task", Stack: []string{}, Frames: []Frame{}}
	parseHead(task, lines[0])
	for i := 1; i < len(lines); i++ {
		line := lines[i]
		if strings.HasPrefix(line, "...") {
			task.ElidedAt = len(task.Frames)
			count := strings.TrimLeft(line, ".")
			task.Elided, _ = strconv.Atoi(strings.Fields(count)[0])
			continue
		}
		if i+1 >= len(lines) {
			fail("goroutine %d: function without a file: %q", task.Goid, line)
		}
		file, number := parsePlace(lines[i+1])
		i++
		if strings.HasPrefix(line, "created by ") {
			parseCreated(task, line, file, number)
			continue
		}
		name, inlined := parseFunc(line)
		task.Frames = append(task.Frames, Frame{name, file, number, inlined})
		task.Stack = append(task.Stack, name)
	}
	if task.Elided == 0 && len(task.Frames) >= oldLimit {
		task.Elided, task.ElidedAt = -1, len(task.Frames)
	}
	for _, frame := range task.Frames {
		if strings.HasPrefix(frame.Func, "main.") || strings.HasPrefix(frame.Func, "goctx.test/") {
			task.Func, task.File, task.Line = frame.Func, frame.File, frame.Line
			break
		}
	}
	return task
}

// oldLimit is where runtime.Stack stops before Go 1.21, mostly without a word.
// It counts frames of the runtime too, which it does not print.
const oldLimit = 100 - 5

// parseHead reads "goroutine 7 [chan receive, 2 minutes, locked to thread]:".
func parseHead(task *Task, line string) {
	open, end := strings.IndexByte(line, '['), strings.IndexByte(line, ']')
	fields := strings.Fields(line)
	if open < 0 || end < open || len(fields) < 2 {
		fail("no head of a goroutine: %q", line)
	}
	id, err := strconv.ParseInt(fields[1], 10, 64)
	must(err)
	task.Goid = id
	parts := strings.Split(line[open+1:end], ", ")
	state := strings.TrimSuffix(parts[0], " (scan)")
	task.Locked = contains(parts, "locked to thread")
	if statuses[state] {
		task.Status = state
	} else {
		task.Status, task.WaitReason = "waiting", text(state)
	}
}

// parsePlace reads "\t/dir/file.go:12 +0x1d".
func parsePlace(line string) (file string, number int) {
	place := strings.TrimPrefix(line, "\t")
	if cut := strings.LastIndex(place, " +0x"); cut >= 0 {
		place = place[:cut]
	}
	colon := strings.LastIndexByte(place, ':')
	if colon < 0 {
		fail("no file and line: %q", line)
	}
	number, err := strconv.Atoi(place[colon+1:])
	must(err)
	return place[:colon], number
}

// parseFunc reads "main.f(0x1, 0x2)"; "main.f(...)" is an inlined call.
func parseFunc(line string) (name string, inlined bool) {
	open := strings.LastIndexByte(line, '(')
	if open < 0 {
		return line, false
	}
	return line[:open], line[open:] == "(...)"
}

// parseCreated reads "created by main.f in goroutine 1"; the number is there
// since Go 1.21.
func parseCreated(task *Task, line, file string, number int) {
	name := strings.TrimPrefix(line, "created by ")
	if cut := strings.LastIndex(name, " in goroutine "); cut >= 0 {
		id, err := strconv.ParseInt(name[cut+len(" in goroutine "):], 10, 64)
		must(err)
		task.ParentGoid = &id
		name = name[:cut]
	}
	task.CreatedBy, task.CreatedFile, task.CreatedLine = &name, &file, &number
}
