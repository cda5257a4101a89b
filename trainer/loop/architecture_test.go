package loop_test

import (
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"innate/models/checkpoint"
	"innate/models/graph"
	"innate/models/nn"
	"innate/models/precond"
	"innate/trainer/method"
	"innate/trainer/run"
)

func init() {
	precond.Archs.Add("speck", precond.Arch{
		Check: func(precond.Settings) error { return nil },
		New: func(s precond.Settings, rng *rand.Rand) (precond.Net, error) {
			return newSpeck(precond.Shape{
				Resolution: s.Resolution, Channels: s.Channels, OutChannels: s.Channels, LabelDim: s.LabelDim, NoiseWidth: s.ModelChannels,
			}, rng), nil
		},
		In: func(f *checkpoint.File) bool { return f.Metadata["speck"] != "" },
		Open: func(f *checkpoint.File, prefix string) (precond.Net, error) {
			var shape precond.Shape
			if err := nn.ReadConfig(f, "speck", &shape); err != nil {
				return nil, err
			}
			s := newSpeck(shape, nil)
			return s, s.LoadFrom(f, "speck", prefix)
		},
		Shape: func(f *checkpoint.File) (shape precond.Shape, err error) {
			err = nn.ReadConfig(f, "speck", &shape)
			return shape, err
		},
	})
}

// speck is the smallest network that denoises, and no U-Net: a convolution, and a
// colour for each noise level and class.
type speck struct {
	*nn.Module
	shape precond.Shape
	conv  *nn.Conv
	noise *nn.Linear
	class *nn.Linear // nil without classes
}

func newSpeck(shape precond.Shape, rng *rand.Rand) *speck {
	b := nn.NewBuilder(rng)
	s := &speck{Module: b.Module(), shape: shape}
	s.conv = b.Conv("conv", shape.Channels, shape.OutChannels, 3, nn.Keep, nil, nn.Default)
	s.noise = b.Linear("noise", shape.NoiseWidth, shape.OutChannels, true, nn.Default)
	if shape.LabelDim > 0 {
		s.class = b.Linear("class", shape.LabelDim, shape.OutChannels, false, nn.Default)
	}
	return s
}

func (s *speck) Shape() precond.Shape    { return s.shape }
func (s *speck) NewDropout() *nn.Dropout { return nil }

func (s *speck) Clone() precond.Net {
	c := newSpeck(s.shape, nil)
	c.CopyFrom(s.Module)
	return c
}

func (s *speck) Forward(g *graph.Builder, x graph.Node, c nn.Cond) graph.Node {
	colour := s.noise.Forward(g, c.Emb)
	if !c.Label.IsZero() {
		colour = g.Add(colour, s.class.Forward(g, c.Label))
	}
	return g.AddPerSampleChannel(s.conv.Forward(g, x), colour)
}

func (s *speck) NoiseEmbedding(dst, cNoise []float32) {
	for i := range dst {
		dst[i] = cNoise[i/s.shape.NoiseWidth] / float32(1+i%s.shape.NoiseWidth)
	}
}

func (s *speck) FreezePreset(preset string) ([]string, error) {
	if preset == "gdd-i" {
		return []string{"conv.weight", "conv.bias"}, nil
	}
	return nil, nil
}

func (s *speck) AddTo(f *checkpoint.File, prefix string) error {
	return s.Module.AddTo(f, "speck", s.shape, prefix)
}

// TestArchitectures trains networks that are none of package unet, one of which
// nothing but a line has made known, with classes that are sometimes left out;
// stops, resumes exactly, and distills what came of it.
func TestArchitectures(t *testing.T) {
	networks := networks(t)
	for _, arch := range []string{"speck", "adm"} {
		t.Run(arch, func(t *testing.T) {
			text := strings.Replace(config("edm", networks), "[model]\n", fmt.Sprintf("[model]\narch = %q\nlabel_dropout = 0.25\n", arch), 1)
			text = strings.Replace(conditional(text), "channel_mult = [1, 1, 1]", "channel_mult = [1, 1]", 1) + "[freeze]\npreset = \"gdd-i\"\n"
			whole := resumed(t, text, 5)
			f, err := checkpoint.Decode(lastCheckpoint(t, whole))
			check(t, err)
			den, err := method.OpenDenoiser(f)
			check(t, err)
			frozen, err := den.Net.FreezePreset("gdd-i")
			check(t, err)
			info, err := run.ReadInfo(whole)
			check(t, err)
			total := len(den.Net.Params().All())
			if len(frozen) == 0 || info.Status.TrainableTensors != int64(total-len(frozen)) {
				t.Errorf("%d tensors train of %d, want all but %d", info.Status.TrainableTensors, total, len(frozen))
			}
			if s := den.Net.Shape(); s.LabelDim != 10 || s.Resolution == 0 || !slices.Contains(den.Net.Params().Names(), frozen[0]) {
				t.Errorf("came back as %+v", s)
			}

			teacher, err := method.Network(f)
			check(t, err)
			check(t, checkpoint.Write(filepath.Join(networks, arch+".safetensors"), teacher))
			student := newRun(t, strings.Replace(config("gdd", networks), "/teacher.", "/"+arch+".", 1))
			train(t, student)
			if info, err = run.ReadInfo(student); err != nil || info.Status.State != run.StateDone {
				t.Errorf("the student: %+v, %v", info.Status, err)
			}
		})
	}
}
