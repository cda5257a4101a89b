//go:build linux && (amd64 || arm64) && !static

package torch_test

import (
	"encoding/gob"
	"encoding/json"
	"errors"
	"fmt"
	sockets "net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"innate/models/device"
	"innate/models/graph"
	"innate/models/standin"
	"innate/models/torch"
	"innate/models/torch/libtorch"
	"innate/models/torch/nccl"
)

// single is a group of one process.
type single struct {
	lost   chan struct{}
	reason error
	sums   int // in the host's memory
}

func newSingle() *single { return &single{lost: make(chan struct{})} }

func (s *single) Sum([]float32) error             { s.sums++; return nil }
func (s *single) Rank() int                       { return 0 }
func (s *single) Size() int                       { return 1 }
func (s *single) Agree(what string) (bool, error) { return what != "", nil }
func (s *single) Share(b []byte) ([]byte, error)  { return b, nil }
func (s *single) Lost() <-chan struct{}           { return s.lost }
func (s *single) Err() error                      { return s.reason }
func (s *single) Fail(reason error)               { s.reason = reason; close(s.lost) }

// summing is the environment of a GPU with the stand-in of NCCL at a path.
func summing(t *testing.T, path string) func(string) string {
	getenv := gpu(t)
	return func(name string) string {
		if name == nccl.Variable {
			return path
		}
		return getenv(name)
	}
}

// TestNCCL: the first update joins the others, once, in a thread that makes the GPU its
// own. Every update queues its sum on the stream of everything else, in place, and none
// is part of a CUDA graph. Closing the device leaves.
func TestNCCL(t *testing.T) {
	log := standin.Log(t)
	dev, err := torch.New("cuda:0", torch.Options{Threads: 1, CUDAGraphs: true}, summing(t, standin.NCCL(t)))
	must(t, err)
	tr := newTrainee(t, dev.(*torch.Device))
	peers := newSingle()
	tr.sum = peers
	tr.freeze(len(tr.net.params))
	log()
	tr.train(1)
	lines := log()
	first := slices.IndexFunc(lines, func(l string) bool { return strings.HasPrefix(l, "ncclGetUniqueId") })
	if first < 0 || !slices.Equal(lines[first:min(first+3, len(lines))], []string{"ncclGetUniqueId", "set device 0", "ncclCommInitRank rank 0 of 1"}) {
		t.Errorf("calls\n%s", strings.Join(lines, "\n"))
	}
	const sum = "ncclAllReduce 704 in place stream 0"
	if count(lines, sum) != 1 {
		t.Errorf("want %q in\n%s", sum, strings.Join(lines, "\n"))
	}
	tr.train(4)
	capturing := false
	for _, l := range log() {
		switch {
		case strings.HasPrefix(l, "capture stream"), strings.HasPrefix(l, "captured stream"):
			capturing = l[:len("captured")] != "captured"
		case strings.HasPrefix(l, "ncclCommInitRank"), strings.HasPrefix(l, "ncclAllReduce") && (capturing || l != sum):
			t.Errorf("%q, capturing %v", l, capturing)
		}
	}
	if notes := tr.dev.Notes(); !slices.Equal(notes, []string{"gradients are added up by NCCL 2.30.7, on the GPUs"}) || peers.sums > 0 {
		t.Errorf("notes %q, %d sums in the host's memory", notes, peers.sums)
	}
	dev.Close()
	if lines := log(); count(lines, "ncclCommDestroy") != 1 || count(lines, "ncclCommAbort") != 0 {
		t.Errorf("close\n%s", strings.Join(lines, "\n"))
	}
}

// TestNCCLInRuns: sums over processes in the midst of a run are queued like its
// operations, at each run, by what gradients are added up by, and are in no CUDA graph,
// which a note says. Without NCCL they go through the host's memory.
func TestNCCLInRuns(t *testing.T) {
	log := standin.Log(t)
	for _, at := range []string{standin.NCCL(t), nccl.Off} {
		opened, err := torch.New("cuda:0", torch.Options{Threads: 1, CUDAGraphs: true}, summing(t, at))
		must(t, err)
		dev := opened.(*torch.Device)
		g := graph.NewBuilder()
		x := g.Input("x", 5)
		y := g.Square(g.SumProcesses(g.Scale(x, 3), 2))
		peers := newSingle()
		p, err := dev.Compile(g, device.Request{Outputs: []graph.Node{y}, Sum: peers})
		must(t, err)
		log()
		const runs = 5
		for i := range runs {
			g.Data(x)[4] = float32(i)
			must(t, p.Run())
			if got := p.Value(y)[4]; got != float32(9*i*i) {
				t.Errorf("run %d: %v, want %d", i, got, 9*i*i)
			}
		}
		lines, notes := log(), strings.Join(dev.Notes(), "\n")
		sums, host := runs, 0
		if at == nccl.Off {
			sums, host = host, sums
		}
		if count(lines, "ncclAllReduce 5 in place stream 0") != sums || count(lines, "ncclAllReduce") != sums || peers.sums != host || count(lines, "capture") > 0 {
			t.Errorf("%s: %d sums in the host's memory, and calls\n%s", at, peers.sums, strings.Join(lines, "\n"))
		}
		if !strings.Contains(notes, "sums over processes are in no CUDA graph") {
			t.Errorf("%s: notes %q", at, notes)
		}
		live := dev.Live()
		must(t, p.Run())
		if dev.Live() != live {
			t.Errorf("%d tensors after another run, %d before", dev.Live(), live)
		}
		dev.Close()
	}
}

// TestNCCLMissing: where there is no NCCL, or none that is meant, gradients are added up
// in the host's memory, and one note says why.
func TestNCCLMissing(t *testing.T) {
	without := standin.NCCL(t, "ncclCommAbort")
	for at, want := range map[string]string{
		"off":                   "nccl: INNATE_NCCL=off",
		"/nowhere/libnccl.so.2": "nccl: /nowhere/libnccl.so.2: cannot open shared object file: No such file or directory",
		without:                 "nccl: " + without + " has no ncclCommAbort, want NCCL 2.4 or newer",
	} {
		dev, err := torch.New("cuda:0", torch.Options{Threads: 1}, summing(t, at))
		must(t, err)
		tr := newTrainee(t, dev.(*torch.Device))
		peers := newSingle()
		tr.sum = peers
		tr.freeze(len(tr.net.params))
		tr.train(2)
		if notes := tr.dev.Notes(); !slices.Equal(notes, []string{want + ": gradients are added up in the host's memory"}) || peers.sums != 2 {
			t.Errorf("%s: notes %q, %d sums in the host's memory, want 2", at, notes, peers.sums)
		}
		dev.Close()
	}
}

// TestNCCLFails: errors are NCCL's words, and what it finds later ends the group.
func TestNCCLFails(t *testing.T) {
	getenv := summing(t, standin.NCCL(t))
	t.Setenv("STANDIN_LAST", "socketPollConnect: connect to 10.0.0.1<4321>\nreturned Connection refused")
	const last = ": socketPollConnect: connect to 10.0.0.1<4321> returned Connection refused"
	for fail, want := range map[string]string{
		"ncclGetUniqueId=2":  "nccl: unique id: unhandled system error (run with NCCL_DEBUG=INFO for details)" + last,
		"ncclCommInitRank=1": "nccl: join as rank 0 of 1: unhandled cuda error (run with NCCL_DEBUG=INFO for details)" + last,
		"cudaSetDevice=100":  "torch: cuda:0: make it current: no CUDA-capable device is detected",
		"ncclAllReduce=4":    "nccl: all-reduce: invalid argument (run with NCCL_DEBUG=WARN for details)" + last,
		"asynchronous=6":     "nccl: all-reduce: remote process exited or there was a network error" + last,
		"asynchronous=7":     "", // in progress
	} {
		t.Run(fail, func(t *testing.T) {
			dev, err := torch.New("cuda:0", torch.Options{Threads: 1}, getenv)
			must(t, err)
			tr := newTrainee(t, dev.(*torch.Device))
			peers := newSingle()
			tr.sum = peers
			tr.freeze(len(tr.net.params))
			log := standin.Log(t)
			t.Setenv("STANDIN_FAIL", fail)
			err = tr.try()
			if strings.HasPrefix(fail, "asynchronous") {
				must(t, err)
				if want != "" {
					<-peers.Lost()
					for err == nil { // until the thread that watches has aborted
						err = tr.try()
					}
				}
			}
			if got := fmt.Sprint(err); got != want && !(want == "" && err == nil) {
				t.Errorf("error %s, want %s", got, want)
			}
			t.Setenv("STANDIN_FAIL", "")
			dev.Close()
			if live := tr.dev.Live(); live != 0 {
				t.Errorf("%d tensors are left", live)
			}
			if aborts := count(log(), "ncclCommAbort"); aborts != 1 && fail == "asynchronous=6" || aborts != 0 && fail != "asynchronous=6" {
				t.Errorf("%d times ncclCommAbort", aborts)
			}
		})
	}
}

// TestNCCLFound: the library is looked for beside PyTorch, where pip has put it. That of
// a real NCCL says its version, makes an id, and refuses to join where there is no GPU.
func TestNCCLFound(t *testing.T) {
	in, err := libtorch.Find(os.Getenv)
	if err != nil {
		t.Skip(err)
	}
	library, err := nccl.Load(in.Dir, func(string) string { return "" })
	if err != nil {
		t.Skip(err) // a PyTorch without CUDA's libraries
	}
	if name := library.Name(); !strings.HasPrefix(name, "NCCL 2.") || strings.Count(name, ".") != 2 {
		t.Errorf("name %q", name)
	}
	id, err := library.NewID()
	must(t, err)
	if len(id) != 128 || slices.Max(id) == 0 {
		t.Errorf("id %v", id)
	}
	if _, err := os.Stat("/dev/nvidia0"); err == nil {
		t.Skip("there is a GPU, on which joining succeeds")
	}
	if _, err := library.Join(id, 0, 1); err == nil || !strings.HasPrefix(err.Error(), "nccl: join as rank 0 of 1: ") {
		t.Errorf("join without a GPU: %v", err)
	}
}

// The tests of two processes have this program run twice; rankVariable says which it is.
const rankVariable = "COLLECTIVE_TEST_RANK"

// socket is one of two processes that reach each other by a socket.
type socket struct {
	*single
	rank int
	out  *gob.Encoder
	in   chan []float32 // of one value each: messages as well
}

func connect(t *testing.T, rank int, path string) *socket {
	t.Helper()
	var conn sockets.Conn
	if rank == 0 {
		l, err := sockets.Listen("unix", path)
		must(t, err)
		conn, err = l.Accept()
		must(t, err)
	} else {
		err := errors.New("not tried")
		for ; err != nil; time.Sleep(time.Millisecond) {
			conn, err = sockets.Dial("unix", path)
		}
	}
	s := &socket{single: newSingle(), rank: rank, out: gob.NewEncoder(conn), in: make(chan []float32, 8)}
	go func() {
		for in := gob.NewDecoder(conn); ; {
			var v []float32
			if err := in.Decode(&v); err != nil {
				s.Fail(errors.New("the other is gone"))
				return
			}
			s.in <- v
		}
	}()
	return s
}

// swap gives the other values and takes its.
func (s *socket) swap(v []float32) ([]float32, error) {
	if err := s.out.Encode(v); err != nil {
		return nil, err
	}
	select {
	case theirs := <-s.in:
		return theirs, nil
	case <-s.Lost():
		return nil, s.Err()
	}
}

func (s *socket) Rank() int { return s.rank }
func (s *socket) Size() int { return 2 }

func (s *socket) Sum(v []float32) error {
	theirs, err := s.swap(v)
	for i := range theirs {
		v[i] += theirs[i]
	}
	return err
}

func (s *socket) Agree(what string) (bool, error) {
	theirs, err := s.swap([]float32{float32(len(what))})
	return err == nil && theirs[0] == float32(len(what)) && what != "", err
}

func (s *socket) Share(b []byte) ([]byte, error) {
	v := make([]float32, 128)
	for i := range b {
		v[i] = float32(b[i])
	}
	v, err := s.swap(v)
	if s.rank == 1 {
		b = make([]byte, len(v))
		for i := range v {
			b[i] = byte(v[i])
		}
	}
	return b, err
}

// TestNCCLProcess is one process of the tests below: it trains as many steps as it is
// told, on a batch of its own, and leaves what it has trained in a file.
func TestNCCLProcess(t *testing.T) {
	rank, err := strconv.Atoi(os.Getenv(rankVariable))
	if err != nil {
		t.Skip("a part of other tests")
	}
	dir, steps := os.Getenv("COLLECTIVE_TEST_DIR"), int64(3+2*rank)
	if os.Getenv("COLLECTIVE_TEST_LOSE") == "" {
		steps = 5
	}
	dev, err := torch.New("cuda:0", torch.Options{Threads: 1, CUDAGraphs: true}, os.Getenv)
	must(t, err)
	tr := newTrainee(t, dev.(*torch.Device))
	tr.sum, tr.shift = connect(t, rank, filepath.Join(dir, "socket")), rank
	tr.freeze(len(tr.net.params))
	for range steps {
		if err := tr.try(); err != nil {
			fmt.Println("failed:", err)
			return
		}
	}
	if steps != 5 { // lost
		os.Exit(0)
	}
	b, err := json.Marshal(tr.values()[:len(tr.values())-int(steps)])
	must(t, err)
	must(t, os.WriteFile(filepath.Join(dir, fmt.Sprint(rank)), b, 0o600))
	dev.Close()
}

// twice runs TestNCCLProcess as two processes, and returns what they have printed.
func twice(t *testing.T, getenv func(string) string, extra ...string) (dir string, printed [2]string) {
	t.Helper()
	dir = t.TempDir()
	cmds := [2]*exec.Cmd{}
	outs := [2]strings.Builder{}
	for rank := range cmds {
		cmd := exec.Command(os.Args[0], "-test.run=^TestNCCLProcess$")
		cmd.Env = append(os.Environ(), libtorch.Variable+"="+getenv(libtorch.Variable), nccl.Variable+"="+getenv(nccl.Variable),
			fmt.Sprint(rankVariable, "=", rank), "COLLECTIVE_TEST_DIR="+dir, "STANDIN_LOG="+filepath.Join(dir, fmt.Sprint("log", rank)))
		cmd.Env = append(cmd.Env, extra...)
		cmd.Stdout, cmd.Stderr = &outs[rank], &outs[rank]
		must(t, cmd.Start())
		cmds[rank] = cmd
	}
	for rank, cmd := range cmds {
		if err := cmd.Wait(); err != nil {
			t.Fatalf("rank %d: %v\n%s", rank, err, outs[rank].String())
		}
		printed[rank] = outs[rank].String()
	}
	return dir, printed
}

// TestNCCLTwo: two processes train on the sum of their gradients. Both have the same
// weights then, and they are, bit for bit, those of a sum in the host's memory.
func TestNCCLTwo(t *testing.T) {
	var trained [][]float32
	for _, at := range []string{standin.NCCL(t), nccl.Off} {
		dir, _ := twice(t, summing(t, at))
		for rank := range 2 {
			var v []float32
			b, err := os.ReadFile(filepath.Join(dir, fmt.Sprint(rank)))
			must(t, err)
			must(t, json.Unmarshal(b, &v))
			trained = append(trained, v)
			log, err := os.ReadFile(filepath.Join(dir, fmt.Sprint("log", rank)))
			must(t, err)
			lines := strings.Split(string(log), "\n")
			ids, joins, sums, ends := 1-rank, 1, 5, 1
			if at == nccl.Off {
				ids, joins, sums, ends = 0, 0, 0, 0
			}
			if count(lines, "ncclGetUniqueId") != ids || count(lines, fmt.Sprintf("ncclCommInitRank rank %d of 2", rank)) != joins ||
				count(lines, "ncclAllReduce 704 in place stream 0") != sums || count(lines, "ncclComm") != joins+ends {
				t.Errorf("rank %d, %s: calls\n%s", rank, at, log)
			}
		}
	}
	for i, v := range trained {
		if len(v) == 0 || !slices.Equal(v, trained[0]) {
			t.Errorf("training %d gives other values than the first", i)
		}
	}
}

// TestNCCLLost: a process that waits on its GPU for one that is gone comes back, with
// the group's reason.
func TestNCCLLost(t *testing.T) {
	dir, printed := twice(t, summing(t, standin.NCCL(t)), "COLLECTIVE_TEST_LOSE=1")
	if !strings.Contains(printed[1], "failed: nccl: all-reduce: internal error") && !strings.Contains(printed[1], "failed: the other is gone") {
		t.Errorf("the one that is left says\n%s", printed[1])
	}
	log, err := os.ReadFile(filepath.Join(dir, "log1"))
	must(t, err)
	if lines := strings.Split(string(log), "\n"); count(lines, "ncclCommAbort") != 1 || count(lines, "ncclCommDestroy") != 0 {
		t.Errorf("calls\n%s", log)
	}
}
