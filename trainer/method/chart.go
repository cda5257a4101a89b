package method

import (
	"innate/configs"
	"innate/models/gdd"
)

// chart names what a run charts of one discriminator. Where there are several,
// each has names of its own, such as logits/fake.disc1, beside the losses of all.
// Names are made once: to make them in a step would allocate.
type chart struct {
	several bool // discriminators

	genName, discName, lrName, gradName string
	logitsNames, probsNames             [2]string // of fakes and of real images
}

// newChart names what is charted of discriminator k of n.
func newChart(k, n int) chart {
	suffix := ""
	if n > 1 {
		suffix = "." + configs.DiscName(k)
	}
	return chart{
		several: n > 1,
		genName: "loss/gen" + suffix, discName: "loss/disc" + suffix, lrName: "lr/disc" + suffix, gradName: "grad/disc" + suffix,
		logitsNames: [2]string{"logits/fake" + suffix, "logits/real" + suffix},
		probsNames:  [2]string{"probs/fake" + suffix, "probs/real" + suffix},
	}
}

// collect adds what the steps since the last call have given to s.
func (d *distiller) collect(s *Scalars) {
	batch := float64(d.batch)
	d.genStep.Collect(func(r Record) {
		if d.disc != nil {
			s.Add("loss/gen", r.Sum(d.gen.Loss)/batch)
		}
		if d.teaching != nil {
			s.Add("loss/distill", r.Sum(d.gen.Distance)/batch)
		}
		s.Add("grad/gen", r.GradNorm(0))
		s.Add(NonFiniteGrads, float64(r.NonFinite()))
		for k, c := range d.charts {
			if c.several {
				s.Add(c.genName, r.Sum(d.gen.Losses[k])/batch)
			}
		}
	})
	if d.distance != nil {
		d.distance.collect(s)
	}
	if d.disc == nil {
		return
	}
	d.collectSigns()
	d.disStep.Collect(func(r Record) {
		if !d.disc.Positive.IsZero() {
			s.Add("signs/real", d.sign(r))
		}
		s.Add("loss/disc", r.Sum(d.disc.Loss)/batch)
		s.More(NonFiniteGrads, float64(r.NonFinite()))
		for k, c := range d.charts {
			if c.several {
				s.Add(c.discName, r.Sum(d.disc.Losses[k])/batch)
			}
			s.Add(c.gradName, r.GradNorm(k))
			count := float64(d.batch * d.nets.Discs[k].Disc.Config.Logits())
			for i, sums := range [...]gdd.LogitSums{d.disc.FakeSums[k], d.disc.RealSums[k]} {
				s.Add(c.logitsNames[i], r.Sum(sums.Logit)/count)
				s.Add(c.probsNames[i], r.Sum(sums.Prob)/count)
			}
		}
	})
	step := 0
	d.r1Step.Collect(func(r Record) {
		penalty := r.Sum(d.r1.Penalty) / float64(d.micro.Parts)
		s.Add("r1/penalty", penalty)
		s.Add("loss/r1", d.gammas[step]/2*penalty)
		s.More(NonFiniteGrads, float64(r.NonFinite()))
		step++
	})
	d.gammas = d.gammas[:0]
}
