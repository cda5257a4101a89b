package method

import (
	"math"

	"innate/configs"
)

// chart is what a step tells of one discriminator. Where there are several, each
// has names of its own, such as logits/fake.disc1, beside the losses of all. Names
// are made once: to make them in a step would allocate.
type chart struct {
	several bool // discriminators

	genName, discName, lrName, gradName string
	logitsNames, probsNames             [2]string // of fakes and of real images

	gen, disc  float64 // losses in this step, summed over images
	fake, real logits
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

// afterGen records, and begins anew, what the generator stage has added up.
func (c *chart) afterGen(s *Scalars, batch int) {
	if c.several {
		s.Add(c.genName, c.gen/float64(batch))
	}
	c.gen = 0
}

// afterDisc is afterGen for the stage of the discriminators.
func (c *chart) afterDisc(s *Scalars, batch int, lr, grad float64) {
	if c.several {
		s.Add(c.discName, c.disc/float64(batch))
	}
	s.Add(c.lrName, lr)
	s.Add(c.gradName, grad)
	c.fake.record(s, c.logitsNames[0], c.probsNames[0])
	c.real.record(s, c.logitsNames[1], c.probsNames[1])
	c.disc, c.fake, c.real = 0, logits{}, logits{}
}

// logits adds up what is charted of them.
type logits struct {
	sum, prob float64
	count     int
}

func (l *logits) add(values []float32) {
	for _, v := range values {
		l.sum += float64(v)
		l.prob += 1 / (1 + math.Exp(-float64(v)))
	}
	l.count += len(values)
}

// record adds the mean logit and the mean probability that images are real.
func (l *logits) record(s *Scalars, logitsName, probsName string) {
	s.Add(logitsName, l.sum/float64(l.count))
	s.Add(probsName, l.prob/float64(l.count))
}
