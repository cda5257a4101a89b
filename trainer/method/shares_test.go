package method_test

import (
	"math"
	"slices"
	"strings"
	"sync"
	"testing"

	"innate/models/device/devicetest"
	"innate/models/gdd"
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

// TestProcessesOfGDD compares the gradients of an iteration of GDD over two processes
// with those that each share has alone, bit for bit on the own kernels: the
// discriminator's batch norms see one share at a time. They are the sum of the shares'
// for a loss that is a sum over images, and the mean for R1, whose penalty is one: the
// balance of the two is that of one process with the whole batch. (The authors' code
// means both over processes.) Still they are not its gradients, from which they must
// differ by more than rounding.
func TestProcessesOfGDD(t *testing.T) {
	const processes = 2
	b := newGDDBatch(t)
	got, alone := make([]map[string][]float32, processes), make([]map[string][]float32, processes)
	inProcesses(t, processes, func(g *ranks.Group, share data.Share) (err error) {
		if got[share.Rank], _, err = b.run(t, method.Micro{Size: 2, Parts: 1, Processes: processes, Sum: g}, share, 0); err != nil {
			return err
		}
		alone[share.Rank], _, err = b.run(t, method.Micro{Size: 2, Parts: 1}, share, 0)
		return err
	})
	whole, _, err := b.run(t, method.Micro{Size: 4, Parts: 1}, data.Share{}, 0)
	if err != nil {
		t.Fatal(err)
	}
	for name, sum := range got[0] {
		want := alone[0][name]
		for i, v := range alone[1][name] {
			want[i] += v
			if strings.HasPrefix(name, "r1/") {
				want[i] /= processes
			}
		}
		if !devicetest.OnCPU() {
			nettest.Near(t, name, sum, want, 1e-5)
		} else if !slices.Equal(sum, want) {
			t.Errorf("gradient of %s is not made of those of its shares", name)
		}
	}
	for _, stage := range stages {
		if off := apart(stage, got[0], whole); off < 1e-4 {
			t.Errorf("%s: the gradient is %.2g off that of the whole batch, want batch statistics to show", stage, off)
		} else {
			t.Logf("%s: the gradient of two shares is %.2g of its norm off that of the whole batch", stage, off)
		}
	}
}

// TestProcessesBatchNorms: with batch statistics over all processes the gradients of
// every stage are those of one process with the whole batch, to 1e-5 of their norm: sums
// in another order. Of micro-batches it is one whose are as large as theirs together.
// Gradients and running statistics have the same bits in all processes.
func TestProcessesBatchNorms(t *testing.T) {
	b := newGDDBatch(t)
	for _, c := range []struct{ processes, size int }{{4, 1}, {2, 1}} {
		parts := 4 / c.processes / c.size
		want, buffers, err := b.run(t, method.Micro{Size: 4 / parts, Parts: parts}, data.Share{}, 0)
		if err != nil {
			t.Fatal(err)
		}
		got, kept := make([]map[string][]float32, c.processes), make([][]float32, c.processes)
		inProcesses(t, c.processes, func(g *ranks.Group, share data.Share) (err error) {
			got[share.Rank], kept[share.Rank], err = b.run(t, method.Micro{Size: c.size, Parts: parts, Processes: c.processes, Sum: g}, share, c.processes)
			return err
		})
		for _, stage := range stages {
			if off := apart(stage, got[0], want); !(off <= 1e-5) {
				t.Errorf("%d processes of %d images, %s: the gradient is %.2g of its norm off that of one process", c.processes, c.size, stage, off)
			}
		}
		nettest.Near(t, "buffers", kept[0], buffers, 1e-5)
		for r := range got {
			if !slices.Equal(kept[r], kept[0]) {
				t.Errorf("%d processes: buffers differ between ranks 0 and %d", c.processes, r)
			}
			for name, g := range got[r] {
				if !slices.Equal(g, got[0][name]) {
					t.Errorf("%d processes: %s differs between ranks 0 and %d", c.processes, name, r)
				}
			}
		}
	}
}

// TestProcessesADA adapts a probability over two processes with batch statistics over
// both: after every step its state has the same bits in both, and is that of one process
// with the whole batch, though each share alone has another sign. One step of it is that
// of all images.
func TestProcessesADA(t *testing.T) {
	const iterations, target = 6, -1 + 1./64 // below any mean sign but that of no logit above 0
	b := newGDDBatch(t)
	run := func(micro method.Micro, share data.Share) (states [][]float32, err error) {
		nets, dev := b.nets(t, micro.Processes), devicetest.Open(t, 1)
		defer dev.Close()
		z, real, labels := b.part(share)
		return method.ADAStates(dev, nets, micro, share, z, real, labels, target, iterations)
	}
	got, alone := make([][][]float32, 2), make([][][]float32, 2)
	inProcesses(t, 2, func(g *ranks.Group, share data.Share) (err error) {
		if got[share.Rank], err = run(method.Micro{Size: 2, Parts: 1, Processes: 2, Sum: g}, share); err != nil {
			return err
		}
		alone[share.Rank], err = run(method.Micro{Size: 2, Parts: 1}, share)
		return err
	})
	want, err := run(method.Micro{Size: 4, Parts: 1}, data.Share{})
	if err != nil || t.Failed() {
		t.Fatal(err)
	}
	for i := range want {
		nettest.Near(t, "state", got[0][i], want[i], 1e-6)
		if !slices.Equal(got[0][i], got[1][i]) {
			t.Errorf("after %d steps the states are %v and %v", i+1, got[0][i], got[1][i])
		}
	}
	if p := got[0][iterations-1][0]; p != 4*4./500_000 {
		t.Errorf("probability %v after one adaption, want it risen by %v", p, 4*4./500_000)
	}
	if slices.Equal(alone[0][0], alone[1][0]) {
		t.Error("both shares alone have the same mean sign")
	}
}

// stages of an iteration of GDD.
var stages = []string{"g", "d", "r1"}

// apart is the norm by which the gradients of a stage differ, relative to theirs.
func apart(stage string, got, want map[string][]float32) float64 {
	off, norm := 0.0, 0.0
	for name, w := range want {
		if !strings.HasPrefix(name, stage+"/") {
			continue
		}
		for i, v := range w {
			off += math.Pow(float64(got[name][i]-v), 2)
			norm += math.Pow(float64(v), 2)
		}
	}
	return math.Sqrt(off / norm)
}

// gddBatch is a batch of four images for the networks of a golden file.
type gddBatch struct {
	pixels, classes int
	z, real, labels []float32
}

func newGDDBatch(t *testing.T) *gddBatch {
	gold, _ := goldenNets(t, "gdd_cond")
	b := &gddBatch{pixels: gold.Config.Resolution * gold.Config.Resolution * gold.Config.Channels, classes: gold.Config.LabelDim}
	b.z, b.real, b.labels = gold.Images(t, "run_z")[:4*b.pixels], gold.Images(t, "real"), gold.Floats(t, "label")
	return b
}

// run makes an iteration on a share of the batch, with batch statistics over so many
// processes, and returns all gradients, and the discriminator's buffers.
func (b *gddBatch) run(t *testing.T, micro method.Micro, share data.Share, together int) (grads map[string][]float32, buffers []float32, err error) {
	nets, dev := b.nets(t, together), devicetest.Open(t, 1)
	defer dev.Close()
	z, real, labels := b.part(share)
	grads, err = method.GDDShare(dev, nets, micro, z, real, labels)
	for _, p := range nets.Discs[0].Disc.Buffers.All() {
		buffers = append(buffers, p.Data...)
	}
	return grads, buffers, err
}

// nets are the networks, with batch statistics over so many processes.
func (b *gddBatch) nets(t *testing.T, together int) gdd.Nets {
	_, nets := goldenNets(t, "gdd_cond")
	nets.Discs[0].Disc.Processes = together
	return nets
}

// part is a share of the batch.
func (b *gddBatch) part(share data.Share) (z, real, labels []float32) {
	of := func(values []float32, per int) []float32 { return share.Values(slices.Clone(values), per) }
	return of(b.z, b.pixels), of(b.real, b.pixels), of(b.labels, b.classes)
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
