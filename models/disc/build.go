package disc

import (
	"fmt"
	"math"
	"math/rand/v2"

	"innate/models"
	"innate/models/nn"
)

// Disc is the trained part of the discriminator.
type Disc struct {
	Config  Config
	Params  *models.ParamSet // trained, in PyTorch's order
	Buffers *models.ParamSet // weight_u, weight_v, running_mean, running_var

	// Processes is how many processes make each pass together, with one part of a batch
	// each: the batch norms have the statistics of all parts. Below 2 they have those of
	// the images here.
	Processes int

	heads []head
}

// head is one patch classifier.
type head struct {
	name  string
	downs []down
	cls   snConv
	class *class // nil for unconditional heads
}

// down halves the map: spectrally normalised conv4x4, batch norm, leaky ReLU.
type down struct {
	conv            snConv
	norm            string        // the batch norm's name within its head
	weight, bias    *models.Param // of the batch norm
	runMean, runVar *models.Param
}

// snConv is a spectrally normalised convolution.
type snConv struct {
	unit         string        // its name within its head
	weight, bias *models.Param // bias is nil in the final layer
	u, v         *models.Param // [Co], [Ci·k·k]: power-iteration state, of unit length
	stride, pad  int
}

// class turns a label into the vector that the final map is matched with.
type class struct {
	embed        *models.Param // [LabelDim EmbedDim]
	weight, bias *models.Param // [CMap EmbedDim] and [CMap], scaled when used
}

// New builds the heads. Weights start as PyTorch's default, the power-iteration
// vectors as normalised Gaussians, the class table as unit Gaussians. A nil rng
// leaves random values zero, to be read from a checkpoint.
func New(cfg Config, rng *rand.Rand) (*Disc, error) {
	if err := cfg.Validate(); err != nil {
		return nil, err
	}
	d := &Disc{Config: cfg, Params: models.NewParamSet(), Buffers: models.NewParamSet()}
	for i, channels := range cfg.Channels {
		h := head{name: fmt.Sprintf("heads.%d", i)}
		for j, width := range cfg.downWidths(i) {
			h.downs = append(h.downs, down{
				conv: d.snConv(h.name, fmt.Sprintf("body.%d", 3*j), channels, width, 4, true, rng),
			})
			d.batchNorm(h.name, fmt.Sprintf("body.%d", 3*j+1), width, &h.downs[j])
			channels = width
		}
		out := 1
		if cfg.LabelDim > 0 {
			out = cfg.CMap
		}
		h.cls = d.snConv(h.name, "cls", channels, out, cfg.clsKernel(), false, rng)
		if cfg.LabelDim > 0 {
			h.class = d.class(h.name, rng)
		}
		d.heads = append(d.heads, h)
	}
	return d, nil
}

// snConv makes a convolution that halves its input if it has a bias, as the
// ones before a batch norm do; the final one slides over its input unpadded.
func (d *Disc) snConv(head, unit string, in, out, k int, bias bool, rng *rand.Rand) snConv {
	c := snConv{unit: unit, stride: 1}
	name := head + "." + unit
	fanIn := in * k * k
	if bias {
		c.bias = d.Params.Add(models.NewParam(name+".bias", out))
		c.stride, c.pad = 2, 1
	}
	c.weight = d.Params.Add(models.NewParam(name+".weight_orig", out, in, k, k))
	c.u = d.Buffers.Add(models.NewParam(name+".weight_u", out))
	c.v = d.Buffers.Add(models.NewParam(name+".weight_v", fanIn))
	if rng != nil {
		weight, shift := nn.Default(fanIn, 0)
		weight(rng, c.weight.Data)
		if bias {
			shift(rng, c.bias.Data)
		}
		gaussian(rng, c.u.Data, true)
		gaussian(rng, c.v.Data, true)
	}
	return c
}

func (d *Disc) batchNorm(head, unit string, channels int, to *down) {
	to.norm = unit
	name := head + "." + unit
	to.weight = d.Params.Add(models.NewParam(name+".weight", channels))
	to.bias = d.Params.Add(models.NewParam(name+".bias", channels))
	to.runMean = d.Buffers.Add(models.NewParam(name+".running_mean", channels))
	to.runVar = d.Buffers.Add(models.NewParam(name+".running_var", channels))
	for i := range channels {
		to.weight.Data[i], to.runVar.Data[i] = 1, 1
	}
}

func (d *Disc) class(head string, rng *rand.Rand) *class {
	c := &class{
		embed:  d.Params.Add(models.NewParam(head+".embed.weight", d.Config.LabelDim, d.Config.EmbedDim)),
		weight: d.Params.Add(models.NewParam(head+".embed_proj.weight", d.Config.CMap, d.Config.EmbedDim)),
		bias:   d.Params.Add(models.NewParam(head+".embed_proj.bias", d.Config.CMap)),
	}
	if rng != nil {
		gaussian(rng, c.embed.Data, false)
		gaussian(rng, c.weight.Data, false)
	}
	return c
}

// gaussian fills dst with N(0,1), scaled to unit length on request.
func gaussian(rng *rand.Rand, dst []float32, unit bool) {
	sum := 0.0
	for i := range dst {
		v := rng.NormFloat64()
		dst[i] = float32(v)
		sum += v * v
	}
	if !unit {
		return
	}
	inv := float32(1 / math.Max(math.Sqrt(sum), 1e-12))
	for i := range dst {
		dst[i] *= inv
	}
}

// First returns the names of the parameters of the first n halving layers of every head,
// each with its batch norm; a head that has fewer has all of them among it.
func (d *Disc) First(n int) (names []string) {
	for _, h := range d.heads {
		for _, down := range h.downs[:min(n, len(h.downs))] {
			for _, p := range []*models.Param{down.conv.bias, down.conv.weight, down.weight, down.bias} {
				names = append(names, p.Name)
			}
		}
	}
	return names
}

// SetClasses begins the class vectors of every conditional head, of which each has a
// table of its own, with the first rows of a table [rows EmbedDim].
func (d *Disc) SetClasses(table []float32) error {
	want := d.Config.LabelDim * d.Config.EmbedDim
	if len(table) < want || len(table)%d.Config.EmbedDim != 0 {
		return fmt.Errorf("disc: class table of %d values, want rows of %d for %d classes or more", len(table), d.Config.EmbedDim, d.Config.LabelDim)
	}
	for _, h := range d.heads {
		if h.class != nil {
			copy(h.class.embed.Data, table[:want])
		}
	}
	return nil
}
