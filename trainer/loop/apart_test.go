package loop_test

import (
	"bytes"
	"context"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"innate/models"
	"innate/models/cpu"
	"innate/models/device"
	"innate/models/graph"
	"innate/trainer/loop"
	"innate/trainer/run"
)

// apart is a device whose parameters lie in memory of its own, as a GPU's do: the
// host sees what it downloads, and the device what is uploaded. It computes on
// the processor, with its values in the host's place meanwhile.
type apart struct {
	*cpu.Device
	own map[*models.Param][]float32
}

// meet takes over the host's values of parameters that are new.
func (d *apart) meet(params ...*models.Param) {
	for _, p := range params {
		if d.own[p] == nil {
			d.own[p] = append([]float32(nil), p.Data...)
		}
	}
}

// with does something with the device's values in place of the host's.
func (d *apart) with(params []*models.Param, do func() error) error {
	swap := func() {
		for _, p := range params {
			for i, v := range d.own[p] {
				d.own[p][i], p.Data[i] = p.Data[i], v
			}
		}
	}
	swap()
	defer swap()
	return do()
}

func (d *apart) Upload(params ...*models.Param) error {
	for _, p := range params {
		copy(d.own[p], p.Data)
	}
	return d.Device.Upload(params...) // which may keep something made of them
}

func (d *apart) Download(params ...*models.Param) error {
	for _, p := range params {
		copy(p.Data, d.own[p])
	}
	return nil
}

type apartProgram struct {
	device.Program
	dev    *apart
	params []*models.Param
}

func (d *apart) Compile(g *graph.Builder, r device.Request) (device.Program, error) {
	if old, ok := r.Replaces.(*apartProgram); ok {
		r.Replaces = old.Program
	}
	program, err := d.Device.Compile(g, r)
	if err != nil {
		return nil, err
	}
	plan, err := graph.NewPlan(g, r.Outputs, r.Assigns, r.Keep)
	if err != nil {
		return nil, err
	}
	p := &apartProgram{Program: program, dev: d}
	seen := map[*models.Param]bool{nil: true}
	add := func(q *models.Param) {
		if !seen[q] {
			seen[q] = true
			p.params = append(p.params, q)
		}
	}
	for _, n := range plan.Nodes {
		if l := g.Leaf(n); l != nil {
			add(l.Param)
		}
	}
	for _, a := range r.Assigns {
		add(a.Dst)
	}
	d.meet(p.params...)
	return p, nil
}

func (p *apartProgram) Run() error { return p.dev.with(p.params, p.Program.Run) }

type apartAdam struct {
	device.Adam
	dev    *apart
	params []*models.Param
}

func (d *apart) PlanAdam(slots []device.AdamSlot) (device.Adam, error) {
	a := &apartAdam{dev: d}
	inner := append([]device.AdamSlot(nil), slots...)
	for i, s := range slots {
		a.params = append(a.params, s.Param, s.M, s.V)
		inner[i].Program = s.Program.(*apartProgram).Program
	}
	d.meet(a.params...)
	var err error
	a.Adam, err = d.Device.PlanAdam(inner)
	return a, err
}

func (a *apartAdam) Step(s device.AdamStep) error {
	return a.dev.with(a.params, func() error { return a.Adam.Step(s) })
}

type apartAverage struct {
	device.Average
	dev    *apart
	params []*models.Param
}

func (d *apart) PlanAverage(avg, x []*models.Param) (device.Average, error) {
	a := &apartAverage{dev: d, params: slices.Concat(avg, x)}
	d.meet(a.params...)
	var err error
	a.Average, err = d.Device.PlanAverage(avg, x)
	return a, err
}

func (a *apartAverage) Update(beta float64) error {
	return a.dev.with(a.params, func() error { return a.Average.Update(beta) })
}

type apartDistance struct {
	device.Distance
	dev    *apart
	params []*models.Param
}

func (d *apart) PlanDistance(p, q []*models.Param) (device.Distance, error) {
	a := &apartDistance{dev: d, params: slices.Concat(p, q)}
	d.meet(a.params...)
	var err error
	a.Distance, err = d.Device.PlanDistance(p, q)
	return a, err
}

func (a *apartDistance) Measure() (sums []device.Squares, err error) {
	err = a.dev.with(a.params, func() (err error) {
		sums, err = a.Distance.Measure()
		return err
	})
	return sums, err
}

// TestDeviceApart trains on a device that does not share the host's memory, and
// resumes there in the middle: the loop uploads what it changes and downloads
// what it reads, so that the last checkpoint does not differ by a bit.
func TestDeviceApart(t *testing.T) {
	dir := networks(t)
	for _, method := range []string{"gdd", "edm", "classifier"} {
		t.Run(method, func(t *testing.T) {
			t.Parallel()
			text := config(method, dir)
			alone := newRun(t, text)
			train(t, alone)
			want := lastCheckpoint(t, alone)
			onApart := func(dir string) {
				ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
				defer cancel()
				dev := &apart{Device: cpu.New(2), own: map[*models.Param][]float32{}}
				check(t, loop.Run(ctx, loop.Options{Dir: dir, Device: dev, Patient: true}))
				if !bytes.Equal(lastCheckpoint(t, dir), want) {
					t.Errorf("the last checkpoint differs")
				}
			}
			onApart(newRun(t, text))
			resumed := newRun(t, text)
			files := checkpointFiles(t, alone)
			for _, f := range files {
				if filepath.Base(f) != run.CheckpointFile(48) {
					continue
				}
				data, err := os.ReadFile(f)
				check(t, err)
				check(t, os.MkdirAll(filepath.Join(resumed, run.CheckpointsDir), 0o755))
				check(t, os.WriteFile(filepath.Join(resumed, run.CheckpointsDir, filepath.Base(f)), data, 0o644))
			}
			onApart(resumed)
		})
	}
}

// spoiling is a device on which a weight is lost in some update.
type spoiling struct {
	*apart
	at int // the update, from 1
}

func (d *spoiling) PlanAdam(slots []device.AdamSlot) (device.Adam, error) {
	a, err := d.apart.PlanAdam(slots)
	return &spoilingAdam{a, d, slots[0].Param}, err
}

type spoilingAdam struct {
	device.Adam
	dev   *spoiling
	param *models.Param
}

func (a *spoilingAdam) Step(s device.AdamStep) error {
	err := a.Adam.Step(s)
	if a.dev.at--; a.dev.at == 0 {
		a.dev.own[a.param][0] = float32(math.NaN())
	}
	return err
}

// TestSpoiledApart: a weight that is not finite in a device's own memory, and still is in
// the host's, is in no checkpoint.
func TestSpoiledApart(t *testing.T) {
	t.Parallel()
	text := strings.NewReplacer("fid_kimg = 0.032", "fid_kimg = 0", "sample_kimg = 0.032", "sample_kimg = 0",
		"[live]\n", "[live]\ndiverge_action = \"off\"\n").Replace(config("edm", networks(t)))
	dir := newRun(t, text)
	dev := &spoiling{&apart{Device: cpu.New(2), own: map[*models.Param][]float32{}}, 5}
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	check(t, loop.Run(ctx, loop.Options{Dir: dir, Device: dev, Patient: true}))
	if left := checkpoints(t, dir); !slices.Equal(left, []string{run.CheckpointFile(16)}) {
		t.Errorf("checkpoints %v, want that of before", left)
	}
	mustBeFinite(t, dir)
}
