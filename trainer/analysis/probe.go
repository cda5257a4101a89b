package analysis

import (
	"cmp"
	"context"
	"fmt"
	"math"
	"slices"
	"time"

	"innate/models/precond"
	"innate/trainer/figures"
)

// ProbeModes say what of the teacher's weights is put back: all of it, the direction
// with the student's length, or the length with the student's direction.
var ProbeModes = []string{"whole", "direction", "norm"}

// costWords say what is put back at the cost that a table of single tensors has.
var costWords = map[string]string{"whole": "wholly", "direction": "by its direction", "norm": "by its norm"}

// Probing says what Probe tries.
type Probing struct {
	By     string   // one of Groupings
	Modes  []string // some of ProbeModes, in whatever order
	Judge  Judge
	Folder string        // where each number is kept as it comes; "": nowhere
	Budget time.Duration // after which no further number is begun; 0: none
	Now    func() time.Time
}

// changeImages bounds the images whose change is measured.
const changeImages = 1000

// wholeNetwork is the group of all layers, which is tried first.
const wholeNetwork = "all"

// Probe puts the teacher's weights back into one group of layers at a time and
// measures what that costs in FID, and how it changes the images, on the same noise.
func Probe(ctx context.Context, s Setup, student, teacher *Network, how Probing) (*figures.Report, error) {
	changes, err := Compare(teacher.Den.Net, student.Den.Net)
	if err != nil {
		return nil, err
	}
	asked := how.Modes
	how.Modes = slices.DeleteFunc(slices.Clone(ProbeModes), func(mode string) bool { return !slices.Contains(asked, mode) })
	if s.N < 2 {
		return nil, fmt.Errorf("analysis: %d images, want at least 2 for a covariance", s.N)
	}
	scale, err := how.Judge.open(s.Dev, student.Den.Net.Shape().Image(), s.N)
	if err != nil {
		return nil, err
	}
	p := &prober{setup: s, how: how, scale: scale, student: student, teacher: teacher, den: student.Den.Clone(), kept: map[string]probed{}}
	p.groups = append([]group{{name: wholeNetwork}}, groupsOf(layersOf(changes), how.By)...)
	for i := range changes {
		p.groups[0].layers = append(p.groups[0].layers, i)
	}
	if how.Folder != "" {
		if err := p.openLines(); err != nil {
			return nil, err
		}
		defer p.lines.Close()
	}
	if p.gen, err = newGenerator(s.Dev, p.den, s.Seed); err != nil {
		return nil, err
	}
	defer p.gen.close()
	complete, err := p.run(ctx)
	if err != nil {
		return nil, err
	}
	return p.report(changes, complete), nil
}

// probed is what was measured of one group in one mode.
type probed struct {
	By     string  `json:"by"`
	Group  string  `json:"group"` // "" of the student as it is
	Mode   string  `json:"mode"`
	FID    float64 `json:"fid"`
	Change float64 `json:"change"` // mean squared distance of a value from the student's image
}

func (p probed) key() string { return p.By + "\n" + p.Group + "\n" + p.Mode }

// prober is a probe at work.
type prober struct {
	setup            Setup
	how              Probing
	scale            *scale
	student, teacher *Network
	den              *precond.Denoiser // what is changed
	groups           []group
	gen              *generator
	kept             map[string]probed
	lines            *lineFile
	images           []float32 // the student's, the first of all
}

// run measures what is not known yet; it is not complete if the budget ended it.
func (p *prober) run(ctx context.Context) (complete bool, err error) {
	begun := p.how.Now()
	total, done := 1+len(p.groups)*len(p.how.Modes), 0
	over := func() bool { return p.how.Budget > 0 && p.how.Now().Sub(begun) >= p.how.Budget }
	if err := p.measure(ctx, probed{By: p.how.By}, done, total); err != nil {
		return false, err
	}
	done++
	for _, g := range p.groups {
		for _, mode := range p.how.Modes {
			if over() {
				return false, nil
			}
			changed := p.put(g, mode)
			of := probed{By: p.how.By, Group: g.name, Mode: mode}
			if changed {
				err = p.measure(ctx, of, done, total)
			} else {
				of.FID = p.base().FID // nothing moved: the same network
				p.kept[of.key()] = of
			}
			p.takeBack(g)
			if err != nil {
				return false, err
			}
			done++
			p.setup.Report(done*p.setup.N, total*p.setup.N)
		}
	}
	return true, nil
}

func (p *prober) base() probed { return p.kept[probed{By: p.how.By}.key()] }

// put sets the group's layers to what mode takes of the teacher's, and reports whether
// any value is another. A direction that does not exist, of a tensor that is 0, and a
// length that no direction has, leave the tensor as it is.
func (p *prober) put(g group, mode string) (changed bool) {
	for _, i := range g.layers {
		to := p.den.Net.Params().All()[i]
		from := p.teacher.Den.Net.Params().Get(to.Name)
		a, b, _ := sums(from.Data, to.Data)
		by := 1.0
		source := from.Data
		switch {
		case mode == "whole":
		case a == 0 && mode == "direction", b == 0 && mode == "norm":
			continue
		case mode == "direction":
			by = math.Sqrt(b / a)
		case mode == "norm":
			by, source = math.Sqrt(a/b), to.Data
		}
		for k, v := range source {
			w := float32(float64(v) * by)
			changed = changed || w != to.Data[k]
			to.Data[k] = w
		}
	}
	return changed
}

// takeBack sets the group's layers to the student's.
func (p *prober) takeBack(g group) {
	for _, i := range g.layers {
		copy(p.den.Net.Params().All()[i].Data, p.student.Den.Net.Params().All()[i].Data)
	}
}

// measure draws the images of the network as it stands, unless that is known. The
// student's own are drawn in any case, being what others are compared with.
func (p *prober) measure(ctx context.Context, of probed, done, total int) error {
	own := of.Group == ""
	_, known := p.kept[of.key()]
	if known && !own {
		return nil
	}
	if err := p.setup.Dev.Upload(p.den.Net.Params().All()...); err != nil {
		return err
	}
	pixels := p.scale.image.Size()
	compared := min(changeImages, p.setup.N)
	if own {
		p.images = make([]float32, compared*pixels)
	}
	sum := 0.0
	source := func(first int, images []float32) error {
		if err := p.gen.images(first, 1, images); err != nil {
			return err
		}
		for i := range max(0, min(imageBatch, compared-first)) * pixels {
			at := first*pixels + i
			if own {
				p.images[at] = images[i]
			} else {
				d := float64(images[i]) - float64(p.images[at])
				sum += d * d
			}
		}
		return p.setup.step(ctx, done*p.setup.N+min(first+imageBatch, p.setup.N), total*p.setup.N)
	}
	n := p.setup.N
	if known {
		n = max(compared, 2) // the number is there already, the images are not
	}
	stats, err := p.scale.stats(ctx, source, n)
	if err != nil || known {
		return err
	}
	if of.FID, err = p.scale.data.Distance(stats); err != nil {
		return err
	}
	of.Change = sum / float64(compared*pixels)
	p.kept[of.key()] = of
	if p.lines == nil {
		return nil
	}
	return p.lines.append(of)
}

// report sorts groups by what putting them back costs.
func (p *prober) report(changes []Change, complete bool) *figures.Report {
	s := p.setup
	r := newReport("probe", "What it costs to put the teacher's weights back, by "+p.how.By, p.student)
	r.Name = "probe-" + p.how.By
	r.How = append(r.How, p.teacher.facts("teacher")...)
	r.How = append(r.How, s.facts()...)
	r.How = append(r.How, p.scale.facts...)
	r.How = append(r.How,
		figures.Fact{Name: "by", Value: p.how.By},
		figures.Fact{Name: "student", Value: fmt.Sprintf("%s %s", p.scale.label, figures.Text(p.base().FID))},
		figures.Fact{Name: "direction", Value: "the teacher's direction with the student's length, a tensor at a time; norm: the reverse"},
		figures.Fact{Name: "change", Value: fmt.Sprintf("mean squared distance of a value from the student's image, of the first %d images", min(changeImages, s.N))})
	t := figures.Table{Name: "groups", Title: "Costs, the dearest first", Words: []string{p.how.By}, Heads: []string{"values", "distance"}}
	for _, mode := range p.how.Modes {
		t.Heads = append(t.Heads, "dFID "+mode, "change "+mode)
	}
	layers := layersOf(changes)
	of := figures.Table{Name: "tensors", Title: "What each tensor's group costs, " + costWords[p.how.Modes[0]], Words: []string{"tensor", p.how.By}, Heads: []string{"dFID"}}
	missing := 0
	for _, g := range p.groups {
		values := 0
		for _, i := range g.layers {
			values += layers[i].Count()
		}
		row := figures.Row{Words: []string{g.name}, Values: figures.Numbers{float64(values), moved(changes, g.layers).distance}}
		for _, mode := range p.how.Modes {
			cost, change := math.NaN(), math.NaN()
			if m, ok := p.kept[probed{By: p.how.By, Group: g.name, Mode: mode}.key()]; ok {
				cost, change = m.FID-p.base().FID, m.Change
			} else {
				missing++
			}
			row.Values = append(row.Values, cost, change)
		}
		t.Rows = append(t.Rows, row)
		if g.name == wholeNetwork {
			continue
		}
		for _, i := range g.layers {
			of.Rows = append(of.Rows, figures.Row{Words: []string{layers[i].Name, g.name}, Values: figures.Numbers{row.Values[2]}})
		}
	}
	slices.SortStableFunc(t.Rows, func(a, b figures.Row) int { return cmp.Compare(b.Values[2], a.Values[2]) })
	r.Tables = append(r.Tables, t, of)
	if !complete {
		r.Notes = append(r.Notes, fmt.Sprintf("The budget ended it: %d of %d numbers are missing; the same command continues.", missing, len(p.groups)*len(p.how.Modes)))
	}
	return r
}
