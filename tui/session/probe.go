package session

import (
	"math"
	"os"
	"path/filepath"
	"strings"

	"innate/trainer/figures"
	"innate/trainer/run"
)

// Probe is what innate probe has found of a network: what it costs to put the teacher's
// weights back into one group of layers at a time.
type Probe struct {
	By   string // how layers were put together
	Mode string // what of the weights was put back: whole, direction or norm
	Nimg int64  // images that the network had seen; 0: not known

	of map[string]probed // by tensor
}

// probed is what was found of a tensor's group.
type probed struct {
	group        string
	cost, change float64 // in FID, and mean squared in the images
}

// values are those of the group that all of some tensors belong to; NaN where they
// belong to several, or to one that was not probed.
func (p *Probe) values(tensors []Tensor) (cost, change float64) {
	first, ok := probed{}, false
	for i := range tensors {
		v, known := p.of[tensors[i].Name]
		if !known || ok && v.group != first.group {
			return math.NaN(), math.NaN()
		}
		first, ok = v, true
	}
	if !ok {
		return math.NaN(), math.NaN()
	}
	return first.cost, first.change
}

// probeOf is the probe of a report, nil if it is none.
func probeOf(r *figures.Report) *Probe {
	groups, tensors := tableNamed(r, "groups"), tableNamed(r, "tensors")
	if groups == nil || tensors == nil || len(groups.Words) != 1 || len(tensors.Words) != 2 {
		return nil
	}
	p := &Probe{By: groups.Words[0], Nimg: r.Nimg, of: map[string]probed{}}
	cost, change := -1, -1
	for i, head := range groups.Heads {
		if mode, ok := strings.CutPrefix(head, "dFID "); ok && cost < 0 {
			cost, p.Mode = i, mode
		}
		if mode, ok := strings.CutPrefix(head, "change "); ok && change < 0 && mode == p.Mode {
			change = i
		}
	}
	if cost < 0 || change < 0 {
		return nil
	}
	found := map[string]probed{}
	for _, row := range groups.Rows {
		found[row.Words[0]] = probed{row.Words[0], row.Values[cost], row.Values[change]}
	}
	for _, row := range tensors.Rows {
		if v, ok := found[row.Words[1]]; ok {
			p.of[row.Words[0]] = v
		}
	}
	return p
}

func tableNamed(r *figures.Report, name string) *figures.Table {
	for i := range r.Tables {
		if r.Tables[i].Name == name {
			return &r.Tables[i]
		}
	}
	return nil
}

// probeTail follows the newest probe of a run for the poller.
type probeTail struct {
	folder Stamp
	path   string
	file   Stamp
}

// poll returns the newest probe if it is another one; a file that cannot be read is
// looked at again when it changes.
func (t *probeTail) poll(dir string) *Probe {
	folder := filepath.Join(dir, run.AnalysisDir)
	s := StampOf(folder)
	if s == t.folder {
		return nil
	}
	t.folder = s
	entries, err := os.ReadDir(folder)
	if err != nil {
		return nil
	}
	path, newest := "", Stamp{}
	for _, e := range entries {
		if !strings.HasPrefix(e.Name(), "probe-") || filepath.Ext(e.Name()) != figures.Ext {
			continue
		}
		at := filepath.Join(folder, e.Name())
		if s := StampOf(at); path == "" || s.mod.After(newest.mod) {
			path, newest = at, s
		}
	}
	if path == "" || path == t.path && newest == t.file {
		return nil
	}
	t.path, t.file = path, newest
	r, err := figures.Read(path)
	if err != nil {
		return nil
	}
	return probeOf(r)
}

// SetProbe takes the newest probe.
func (l *Layers) SetProbe(p *Probe) {
	l.Probe = p
	l.version++
}

// Probed are the values of a node by the newest probe, NaN where it has none.
func (l *Layers) Probed(node int) (cost, change float64) {
	if l.Probe == nil {
		return math.NaN(), math.NaN()
	}
	u := &l.Net.Nodes[node]
	return l.Probe.values(l.Net.Tensors[u.Lo:u.Hi])
}
