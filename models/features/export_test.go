package features

import (
	"strings"

	"innate/models"
)

// The networks of files with weights that a test fills in before they are prepared.

func FilledVGG(fill func(*models.ParamSet)) Backbone {
	set := vggDict().random(nil)
	fill(set)
	return newVGG(set)
}

// FromVGG and FromInception make the networks of files' weights, which they take over.
var (
	FromVGG       = newVGG
	FromInception = newInception
)

func FilledLite(fill func(*models.ParamSet)) Backbone {
	set := liteDict().random(nil)
	fill(set)
	return newLite(set)
}

func FilledInception(fill func(*models.ParamSet)) *Inception {
	set := inceptionDict().random(nil)
	fill(set)
	return newInception(set)
}

// The inputs of Inception, and the network with one of them.
var (
	InceptionInputs = inceptionInputs
	WithInput       = withInput
)

// LabelOf is the label of weights of a fingerprint in the file at path.
var LabelOf = labelOf

func FilledDeiT(width, grid int, fill func(*models.ParamSet)) Backbone {
	s := deitShape(width, grid)
	set := deitDict(s).random(nil)
	fill(set)
	return newDeiT(set, s)
}

// DeiTCount is how many values a transformer's file has, without taking memory for them.
func DeiTCount(width, grid int) (n int) {
	for _, t := range deitDict(deitShape(width, grid)).tensors {
		size := 1
		for _, d := range t.shape {
			size *= d
		}
		n += size
	}
	return n
}

// InceptionAs is a parameter of Inception as a file of NVIDIA's has it, or one of
// torchvision's names, in which a gain comes with every mean.
func InceptionAs(p *models.Param, torchvision bool) []*models.Param {
	as := func(name string) *models.Param {
		return &models.Param{Name: name, Shape: p.Shape, Data: p.Data}
	}
	if tail, ok := strings.CutPrefix(p.Name, "output."); ok {
		if torchvision {
			return []*models.Param{as("fc." + tail)}
		}
		return []*models.Param{as(p.Name)}
	}
	if !torchvision {
		return []*models.Param{as("layers." + p.Name)}
	}
	at := strings.LastIndexByte(p.Name, '.')
	for _, m := range inceptionModules {
		for _, br := range m.branches {
			for _, u := range br.units {
				if join(m.name, u.name) != p.Name[:at] {
					continue
				}
				unit := join(m.torch, u.torch)
				switch p.Name[at+1:] {
				case "weight":
					return []*models.Param{as(unit + ".conv.weight")}
				case "beta":
					return []*models.Param{as(unit + ".bn.bias")}
				case "var":
					return []*models.Param{as(unit + ".bn.running_var")}
				}
				gain := models.NewParam(unit+".bn.weight", p.Shape...)
				for i := range gain.Data {
					gain.Data[i] = 1
				}
				return []*models.Param{as(unit + ".bn.running_mean"), gain}
			}
		}
	}
	panic(p.Name)
}
