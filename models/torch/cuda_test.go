//go:build linux && (amd64 || arm64) && !static

package torch_test

import (
	"os"
	"slices"
	"strings"
	"testing"

	"innate/models/device"
	"innate/models/graph"
	"innate/models/standin"
	"innate/models/torch"
	"innate/models/torch/libtorch"
)

// gpu is an environment whose PyTorch has the stand-in for a GPU. Without a PyTorch
// that can say its errors, which is 2.13, the test is skipped.
func gpu(t *testing.T, without ...string) (getenv func(string) string) {
	t.Helper()
	in, err := libtorch.Find(os.Getenv)
	if err != nil {
		t.Skip(err)
	}
	if strings.HasPrefix(in.Version, "2.10.") || strings.HasPrefix(in.Version, "2.11.") || strings.HasPrefix(in.Version, "2.12.") {
		t.Skip("the stand-in is for PyTorch 2.13 and newer")
	}
	at := standin.CUDA(t, in.Dir, without...)
	return func(name string) string {
		if name == libtorch.Variable {
			return at
		}
		return os.Getenv(name)
	}
}

// openGPU opens the stand-in.
func openGPU(t *testing.T, o torch.Options) *torch.Device {
	t.Helper()
	dev, err := torch.New("cuda:0", o, gpu(t))
	must(t, err)
	t.Cleanup(dev.Close)
	return dev.(*torch.Device)
}

// TestCUDAErrors: what may be wrong with a GPU is one line that says what to do.
func TestCUDAErrors(t *testing.T) {
	getenv := gpu(t)
	for _, c := range []struct{ name, variable, value, device, want string }{
		{"no driver", "STANDIN_DRIVER", "0", "cuda", "torch: cuda:0: there is no NVIDIA driver here: install one, or train on torch:cpu"},
		{"old driver", "STANDIN_DRIVER", "12020", "cuda", "torch: cuda:0: the NVIDIA driver serves CUDA 12.2, this PyTorch wants 13.0: update the driver, or install a PyTorch for an older CUDA"},
		{"no device", "STANDIN_GPUS", "0", "cuda:0", "torch: cuda:0: no GPU is to be seen: nvidia-smi lists those of the machine, CUDA_VISIBLE_DEVICES may hide them"},
		{"other error", "STANDIN_FAIL", "cudaGetDeviceCount=2", "cuda:0", "torch: cuda:0: out of memory"},
		{"wrong index", "STANDIN_GPUS", "2", "cuda:2", "torch: cuda:2: GPUs here: 2, want an index below that"},
		{"refused", "STANDIN_FAIL", "aoti_torch_create_cuda_guard=1", "cuda:0", "torch: cuda:0: CUDA error: unspecified launch failure"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Setenv(c.variable, c.value)
			if c.variable == "STANDIN_DRIVER" {
				t.Setenv("STANDIN_FAIL", "cudaGetDeviceCount=35")
			}
			dev, err := torch.New(c.device, torch.Options{}, getenv)
			if err == nil {
				dev.Close()
			}
			if err == nil || err.Error() != c.want {
				t.Errorf("error %v, want %s", err, c.want)
			}
		})
	}
}

// TestCUDALacks: a library without a function is named with it.
func TestCUDALacks(t *testing.T) {
	_, err := torch.New("cuda:0", torch.Options{}, gpu(t, "aoti_torch_create_cuda_guard"))
	if err == nil || !strings.Contains(err.Error(), "lacks aoti_torch_create_cuda_guard, want 2.10 or newer") || strings.Contains(err.Error(), "\n") {
		t.Errorf("error %v", err)
	}
}

// TestCUDAMemory: no room on the GPU, and a failing copy, come out as PyTorch's own
// words, on one line, with the layer where there is one. The device goes on.
func TestCUDAMemory(t *testing.T) {
	dev := openGPU(t, torch.Options{Threads: 1})
	n := newNet(t, graph.Float32)
	const full = "CUDA out of memory. Tried to allocate 20.00 GiB. GPU 0 has a total capacity of 79.15 GiB of which 3.38 GiB is free."
	t.Setenv("STANDIN_TEXT", full+"\nException raised from malloc")
	t.Setenv("STANDIN_FAIL", "aoti_torch_empty_strided=1")
	_, err := dev.Compile(n.g, device.Request{Outputs: n.outputs()})
	if err == nil || err.Error() != "torch: empty [3 4 8 8]: "+full {
		t.Errorf("error %v", err)
	}
	t.Setenv("STANDIN_FAIL", "")
	p, err := dev.Compile(n.g, device.Request{Outputs: n.outputs()})
	must(t, err)
	t.Setenv("STANDIN_FAIL", "aten::native_group_norm=1")
	if err := p.Run(); err == nil || err.Error() != "first: group_norm [3 8 8 8] [8] [8]: torch: aten::native_group_norm: "+full {
		t.Errorf("error %v", err)
	}
	t.Setenv("STANDIN_FAIL", "")
	must(t, p.Run())
}

// TestPinned: inputs go through pinned memory on a stream of their own, in an order
// that lets one be sent while another is read; the values are those of the
// processor. Nothing waits for the GPU but who wants to see a value.
func TestPinned(t *testing.T) {
	log := standin.Log(t)
	dev := openGPU(t, torch.Options{Threads: 1})
	g := graph.NewBuilder()
	x := g.Input("x", 1, 2, 2, 3)
	y := g.Scale(x, 2)
	p, err := dev.Compile(g, device.Request{Outputs: []graph.Node{y}})
	must(t, err)
	log()
	for i := range 3 {
		for j := range g.Data(x) {
			g.Data(x)[j] = float32(100*i + j)
		}
		must(t, p.Run())
		g.Data(x)[0] = -1 // comes too late
	}
	want := []string{
		"wait for event 1", "stream 1 waits for event 2", "cudaMemcpyAsync 48 stream 1", "event 1 on stream 1", "stream 0 waits for event 1", "event 2 on stream 0",
		"wait for event 3", "stream 1 waits for event 4", "cudaMemcpyAsync 48 stream 1", "event 3 on stream 1", "stream 0 waits for event 3", "event 4 on stream 0",
	}
	if got := log(); !slices.Equal(got, slices.Concat(want, want[:6])) {
		t.Errorf("calls\n%s", strings.Join(got, "\n"))
	}
	for j, v := range p.Value(y) {
		if v != 2*float32(200+j) {
			t.Errorf("value %d: %v", j, v)
		}
	}
	p.Release()
	if got := log(); len(got) != 10 || got[9] != "cudaFreeHost" || got[1] != "event 3 destroyed" {
		t.Errorf("release\n%s", strings.Join(got, "\n"))
	}
}

// TestPinnedFails: without pinned memory uploads take the slow way, and a note says
// so once.
func TestPinnedFails(t *testing.T) {
	dev := openGPU(t, torch.Options{Threads: 1})
	t.Setenv("STANDIN_FAIL", "cudaHostAlloc=2")
	n := newNet(t, graph.Float32)
	for range 2 {
		p, err := dev.Compile(n.g, device.Request{Outputs: n.outputs()})
		must(t, err)
		must(t, p.Run())
		p.Release()
	}
	want := []string{"torch: cuda:0: allocate pinned memory: out of memory: uploads wait for the GPU"}
	if got := dev.Notes(); !slices.Equal(got, want) || dev.Notes() != nil {
		t.Errorf("notes %q, want %q", got, want)
	}
}

// TestRunAllocatesNothing: a run and an update leave no garbage on Go's side.
func TestRunAllocatesNothing(t *testing.T) {
	dev := openGPU(t, torch.Options{Threads: 1})
	n := newNet(t, graph.Float32)
	p, err := dev.Compile(n.g, device.Request{Outputs: n.outputs()})
	must(t, err)
	must(t, p.Run())
	if allocs := testing.AllocsPerRun(5, func() { must(t, p.Run()) }); allocs > 0 {
		t.Errorf("%v allocations a run", allocs)
	}
}
