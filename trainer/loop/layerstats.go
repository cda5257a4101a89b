package loop

import (
	"math"

	"innate/trainer/optim"
	"innate/trainer/run"
	"innate/trainer/runlog"
)

// layerStats measures, every live.layers_kimg, what a step does to every
// parameter tensor of the trained network and how far it has gone from its
// start. Training is not changed by it.
type layerStats struct {
	distance  *optim.Distance    // nil until needed
	notFinite string             // what an event has said of a tensor; "" if nothing
	last      *runlog.LayerStats // nil before the first
}

// measureLayers records the statistics of the step that has just been made,
// which was asked to measure itself.
func (l *Loop) measureLayers() error {
	norms, params := l.method.Trained().Norms(), l.method.Params()
	if err := l.dev.Download(params.All()...); err != nil {
		return err
	}
	l.tellNotFinite(params.CheckFinite())
	start := l.method.Start()
	if l.layerStats.distance == nil && start != nil {
		var err error
		if l.layerStats.distance, err = optim.NewDistance(params, start, l.dev); err != nil {
			return err
		}
	}
	stats := &runlog.LayerStats{Nimg: l.nimg, Time: l.now()}
	if start != nil {
		d, err := l.layerStats.distance.Relative()
		if err != nil {
			return err
		}
		stats.Distance, stats.Direction, stats.Norm = d.Whole, d.Direction, d.Norm
	}
	for _, p := range params.All() {
		if start == nil {
			stats.Distance = append(stats.Distance, math.NaN())
		}
		grad, update := math.NaN(), 0.0
		if n, trained := norms[p.Name]; trained {
			grad, update = n.Grad, optim.Ratio(n.Update, n.Weight)
		}
		stats.Grad, stats.Update = append(stats.Grad, grad), append(stats.Update, update)
	}
	l.layerStats.last = stats
	l.publishLayers()
	return l.storage.write(func() error { return l.log.LayerStats(*stats) })
}

// tellNotFinite names, once, a tensor that has no norms: in the statistics it is
// as empty as one that trains no more.
func (l *Loop) tellNotFinite(err error) {
	said := ""
	if err != nil {
		said = err.Error()
	}
	if said != "" && said != l.layerStats.notFinite {
		l.event(runlog.NonFinite, "no statistics of a layer: "+said, nil)
	}
	l.layerStats.notFinite = said
}

// restoreLayerStats takes up what was measured last, by an earlier trainer of
// the run or before it went back to a checkpoint. Statistics that cannot be
// read are made anew in time.
func (l *Loop) restoreLayerStats() {
	l.layerStats.last = nil
	stats, _, err := runlog.NewLayerReader(l.dir).Poll()
	if err == nil && len(stats) > 0 {
		l.layerStats.last = &stats[len(stats)-1]
	}
}

// fill adds the last statistics to a description of the layers.
func (s *layerStats) fill(layers []run.Layer) {
	if s.last == nil || len(s.last.Grad) != len(layers) {
		return
	}
	for i := range layers {
		layers[i].GradNorm = existing(s.last.Grad[i])
		layers[i].UpdateRatio = existing(s.last.Update[i])
		layers[i].Distance = existing(s.last.Distance[i])
	}
}

// existing is nil for a value that does not exist, or that JSON cannot hold.
func existing(v float64) *float64 {
	if math.IsNaN(v) || math.IsInf(v, 0) {
		return nil
	}
	return &v
}
