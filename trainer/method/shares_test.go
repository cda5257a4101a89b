package method_test

import (
	"math"
	"slices"
	"sync"
	"testing"

	"innate/models/device/devicetest"
	"innate/models/nettest"
	"innate/trainer/data"
	"innate/trainer/method"
	"innate/trainer/ranks"
)

// TestProcesses adds up EDM's gradients, a mean over the batch, over two and four
// processes, in micro-batches, too. They are those of one process, of the same images
// and the same noise in another order of adding: the norm of what differs stays below
// 1e-5 of each gradient's, as for micro-batches, and all processes have the same bits.
func TestProcesses(t *testing.T) {
	const batch = 8
	whole, loss, err := method.EDMGrads(batch, 0)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ processes, micro int }{{2, 0}, {4, 0}, {2, 2}} {
		grads, losses := make([]map[string][]float32, c.processes), make([]float64, c.processes)
		inProcesses(t, c.processes, func(g *ranks.Group, share data.Share) error {
			var err error
			grads[share.Rank], losses[share.Rank], err = method.EDMShare(batch, c.micro, share, g)
			return err
		})
		mean := 0.0
		for _, l := range losses {
			mean += l / float64(c.processes)
		}
		if math.Abs(mean-loss) > 1e-5*loss {
			t.Errorf("%d processes: loss %v, want %v", c.processes, mean, loss)
		}
		for name, want := range whole {
			apart, norm := 0.0, 0.0
			for i, w := range want {
				apart += math.Pow(float64(grads[0][name][i]-w), 2)
				norm += math.Pow(float64(w), 2)
			}
			if norm == 0 || !(apart <= 1e-10*norm) {
				t.Errorf("%d processes: %s is %g off, its norm is %g", c.processes, name, math.Sqrt(apart), math.Sqrt(norm))
			}
			for r := range grads {
				if !slices.Equal(grads[r][name], grads[0][name]) {
					t.Errorf("%d processes: %s differs between ranks 0 and %d", c.processes, name, r)
				}
			}
		}
	}
}

// TestProcessesOfGDD compares the generator's gradient over two processes with the
// sum of those that each share has alone, bit for bit on the own kernels: the
// discriminator's batch norms see one share at a time. That is also why it is not the
// gradient of the whole batch in one process, from which it must differ by more than
// rounding.
func TestProcessesOfGDD(t *testing.T) {
	const processes = 2
	gold, _ := goldenNets(t, "gdd_cond")
	cfg := gold.Config
	pixels := cfg.Resolution * cfg.Resolution * cfg.Channels
	z, labels := gold.Images(t, "run_z")[:4*pixels], gold.Floats(t, "label")
	run := func(micro method.Micro, share data.Share) (map[string][]float32, error) {
		_, nets := goldenNets(t, "gdd_cond")
		dev := devicetest.Open(t, 1)
		defer dev.Close()
		return method.GenShare(dev, nets, micro,
			share.Values(slices.Clone(z), pixels), share.Values(slices.Clone(labels), len(labels)/4))
	}
	got, alone := make([]map[string][]float32, processes), make([]map[string][]float32, processes)
	inProcesses(t, processes, func(g *ranks.Group, share data.Share) (err error) {
		if got[share.Rank], err = run(method.Micro{Size: 2, Parts: 1, Processes: processes, Sum: g}, share); err != nil {
			return err
		}
		alone[share.Rank], err = run(method.Micro{Size: 2, Parts: 1}, share)
		return err
	})
	whole, err := run(method.Micro{Size: 4, Parts: 1}, data.Share{})
	if err != nil {
		t.Fatal(err)
	}
	apart, norm := 0.0, 0.0
	for name, sum := range got[0] {
		want := alone[0][name]
		for i, v := range alone[1][name] {
			want[i] += v
			apart += math.Pow(float64(sum[i]-whole[name][i]), 2)
			norm += math.Pow(float64(whole[name][i]), 2)
		}
		if !devicetest.OnCPU() {
			nettest.Near(t, name, sum, want, 1e-5)
		} else if !slices.Equal(sum, want) {
			t.Errorf("gradient of %s is not the sum of those of its shares", name)
		}
	}
	if math.Sqrt(apart/norm) < 1e-4 {
		t.Errorf("the gradient is %.2g off that of the whole batch, want batch statistics to show", math.Sqrt(apart/norm))
	}
	t.Logf("the gradient of two shares is %.2g of its norm off that of the whole batch", math.Sqrt(apart/norm))
}

// inProcesses runs f as each of n processes that train together.
func inProcesses(t *testing.T, n int, f func(g *ranks.Group, share data.Share) error) {
	t.Helper()
	groups, err := ranks.InProcess(n)
	if err != nil {
		t.Fatal(err)
	}
	var all sync.WaitGroup
	for r, g := range groups {
		all.Go(func() {
			if err := f(g, data.Share{Rank: r, Size: n}); err != nil {
				t.Errorf("rank %d: %v", r, err)
			}
		})
	}
	all.Wait()
	for _, g := range groups {
		g.Close()
	}
}
