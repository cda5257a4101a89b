package loop

import (
	"errors"
	"fmt"
	"slices"

	"innate/configs"
	"innate/metrics"
	"innate/models/checkpoint"
	"innate/models/device"
	"innate/models/graph"
	"innate/trainer/run"
)

// panel judges one stream of images in several ways: the images are made once, and
// each feature network sees them once, whatever is made of its features.
type panel struct {
	seats  []seat           // in the order of the settings
	judges []*metrics.Judge // of the feature networks
	images *metrics.Shared  // of several judges; nil of one
}

// seat is what is asked of a panel: a statistic over features.
type seat struct {
	judge, result int // which of the judges knows it, and which of its results it is
	metrics.Statistic
	key      string // of its scalar in the log
	label    string // for people
	features *FeatureNetwork
}

// openPanel opens the judges of a configuration for images [H W C] that cfg says how
// to make, with their feature networks.
func (l *Loop) openPanel(dev device.Device, image graph.Shape, cfg metrics.CollectorConfig) (*panel, error) {
	p := &panel{}
	// A run has a copy of each file that a setting names: what files hold is compared.
	type input struct{ features, input, reference string }
	type table struct { // of seats that one judge serves
		input
		key        string // of the setting that names the reference
		reference  string // its path
		network    *FeatureNetwork
		statistics []string
	}
	var tables []table
	for k := range l.cfg.Judges() {
		j := l.cfg.Judge(k)
		features, err := l.openFeatures(k)
		if err != nil {
			return nil, err
		}
		statistic, err := metrics.Statistics.Get(j.Statistic)
		if err != nil {
			return nil, err
		}
		if err := statistic.Check(cfg); err != nil {
			key := configs.JudgeName(k) + ".statistic"
			return nil, l.cfg.At(key, fmt.Errorf("%s: %w", key, err))
		}
		reference, err := SumOfStats(configs.Locate(l.dir, j.Reference))
		if err != nil {
			return nil, err
		}
		in := input{features.Fingerprint(), features.Input(), reference}
		at := slices.IndexFunc(tables, func(t table) bool { return t.input == in })
		if at < 0 {
			at, tables = len(tables), append(tables, table{input: in, key: configs.JudgeName(k) + ".reference", reference: j.Reference, network: features})
		}
		s := seat{judge: at, result: len(tables[at].statistics), Statistic: statistic, key: l.scalarOf(k), label: statistic.Label(features.Label), features: features}
		for _, other := range p.seats {
			if other.label == s.label {
				return nil, l.cfg.At(configs.JudgeName(k)+".features", fmt.Errorf("%s.features: %s is measured twice: the networks are the same", configs.JudgeName(k), s.label))
			}
		}
		tables[at].statistics = append(tables[at].statistics, j.Statistic)
		p.seats = append(p.seats, s)
	}
	if len(tables) > 1 {
		p.images = metrics.NewShared(cfg.Source, cfg.SourceBatch*cfg.Values)
		cfg.Source = p.images.Source
	}
	for _, t := range tables {
		judge, err := OpenJudge(dev, t.statistics, t.network, configs.Locate(l.dir, t.reference), image, cfg)
		if err != nil {
			return nil, l.cfg.At(t.key, fmt.Errorf("%s: %w", t.key, err))
		}
		p.judges = append(p.judges, judge)
	}
	return p, nil
}

// forget drops images of other weights.
func (p *panel) forget() {
	if p.images != nil {
		p.images.Reset()
	}
}

// Reset starts again, with images of other weights.
func (p *panel) Reset() {
	p.forget()
	for _, j := range p.judges {
		j.Reset()
	}
}

// Step shows the next images to all judges. After an error the panel is to be reset.
func (p *panel) Step() (done bool, err error) {
	for _, j := range p.judges {
		if done, err = j.Step(); err != nil {
			return false, err
		}
	}
	return done, nil
}

// Progress says how many images have been measured, out of how many.
func (p *panel) Progress() (nimg, total int) { return p.judges[0].Progress() }

// Values are what was measured, in the order of the seats.
func (p *panel) Values() ([]float64, error) {
	all := make([][]metrics.Number, len(p.judges))
	for i, j := range p.judges {
		var err error
		if all[i], err = j.Results(); err != nil {
			return nil, err
		}
	}
	values := make([]float64, len(p.seats))
	for i, s := range p.seats {
		values[i] = all[s.judge][s.result].Value
	}
	return values, nil
}

// Tensors of an evaluation in a checkpoint: the weights being measured, and the sums
// of the first judge and of the others.
const (
	evalPrefix = "eval/"
	evalSums   = "eval_"
)

// sumsOf is the beginning of the names of a judge's sums.
func sumsOf(judge int) string {
	if judge == 0 {
		return evalSums
	}
	return fmt.Sprintf("eval%d_", judge)
}

// addTo adds the sums so far to a checkpoint.
func (p *panel) addTo(f *checkpoint.File) (err error) {
	for i, j := range p.judges {
		for _, sum := range j.State().Sums {
			err = errors.Join(err, f.Add(checkpoint.Float64(sumsOf(i)+sum.Name, sum.Data, sum.Shape...)))
		}
	}
	return err
}

// restore continues from the sums in a checkpoint, which are of so many images.
func (p *panel) restore(f *checkpoint.File, nimg int) error {
	p.forget()
	for i, j := range p.judges {
		s := j.State()
		s.Nimg = nimg
		for k := range s.Sums {
			t, err := p.sumIn(f, i, s.Sums[k].Name)
			if err != nil {
				return err
			}
			s.Sums[k].Shape = t.Shape
			if s.Sums[k].Data, err = t.Float64s(); err != nil {
				return fmt.Errorf("checkpoint: %s: %w", f.Path, err)
			}
		}
		if err := j.Restore(s); err != nil {
			return fmt.Errorf("checkpoint: %s: %w", f.Path, err)
		}
	}
	return nil
}

// sumIn is a sum of judge i in a checkpoint, or that of another judge: what one judge
// measures of features was two judges' where each had a file of its own.
func (p *panel) sumIn(f *checkpoint.File, i int, name string) (t checkpoint.Tensor, err error) {
	if t, err = f.Tensor(sumsOf(i) + name); err == nil {
		return t, nil
	}
	for other := range p.seats {
		if t, err := f.Tensor(sumsOf(other) + name); err == nil {
			return t, nil
		}
	}
	return t, err
}

// bestJudge is the judge by which a network is the best so far.
func (l *Loop) bestJudge() int {
	for k := range l.cfg.Judges() {
		if configs.JudgeName(k) == l.cfg.FID.Best {
			return k
		}
	}
	return 0
}

// scalarOf is the scalar of judge k in the log: the name of its statistic alone of the
// first, with the name of its features of the others.
func (l *Loop) scalarOf(k int) string {
	statistic := l.cfg.Judge(k).Statistic
	if k == 0 {
		return statistic
	}
	return StatedKey(statistic, l.fidNames(k)[0])
}

// note makes a value the last one of a judge that does not decide, and its best one if
// it is.
func (s seat) note(list []run.Measured, value float64) []run.Measured {
	for i, m := range list {
		if m.Key == s.key {
			list[i].Last = &value
			if m.Best == nil || s.Better(value, *m.Best) {
				list[i].Best = &value
			}
			return list
		}
	}
	return append(list, run.Measured{Key: s.key, Name: s.label, Rises: s.Rises, Last: &value, Best: &value})
}
