package features

import (
	"math"

	"innate/models"
	"innate/models/checkpoint"
)

const (
	dinoKind = "dinov2"
	dinoEps  = 1e-6
)

// dinoTransformers are the names of Dinov2Model: those of its queries, keys, values and
// of the layer behind them changed with version 5.
var dinoTransformers = table(map[string]alias{
	"embeddings.cls_token":                      {name: "cls_token"},
	"embeddings.position_embeddings":            {name: "pos_embed"},
	"embeddings.mask_token":                     {name: "mask_token"},
	"embeddings.patch_embeddings.projection":    {name: "patch_embed.proj"},
	"encoder.layer.*.norm1":                     {name: "blocks.*.norm1"},
	"encoder.layer.*.attention.attention.query": {name: "blocks.*.attn.qkv", third: 1},
	"encoder.layer.*.attention.attention.key":   {name: "blocks.*.attn.qkv", third: 2},
	"encoder.layer.*.attention.attention.value": {name: "blocks.*.attn.qkv", third: 3},
	"encoder.layer.*.attention.output.dense":    {name: "blocks.*.attn.proj"},
	"encoder.layer.*.attention.q_proj":          {name: "blocks.*.attn.qkv", third: 1},
	"encoder.layer.*.attention.k_proj":          {name: "blocks.*.attn.qkv", third: 2},
	"encoder.layer.*.attention.v_proj":          {name: "blocks.*.attn.qkv", third: 3},
	"encoder.layer.*.attention.o_proj":          {name: "blocks.*.attn.proj"},
	"encoder.layer.*.layer_scale1.lambda1":      {name: "blocks.*.ls1.gamma"},
	"encoder.layer.*.norm2":                     {name: "blocks.*.norm2"},
	"encoder.layer.*.mlp":                       {name: "blocks.*.mlp"},
	"encoder.layer.*.layer_scale2.lambda1":      {name: "blocks.*.ls2.gamma"},
	"layernorm":                                 {name: "norm"},
})

// inDINO recognises the names of the authors and of timm, which are the same, and
// those of transformers.
func inDINO(f *checkpoint.File) bool {
	return hasAll(f, "cls_token", "blocks.0.ls1.gamma") || hasAll(f, "embeddings.cls_token", "encoder.layer.0.layer_scale1.lambda1")
}

func dinoDict(s transformerShape) *stateDict {
	d := &stateDict{kind: dinoKind, unused: []string{"mask_token"}} // which training alone needs
	d.addTokens(s, true, classToken)
	d.addBlocks(s, true)
	d.norm("norm", s.width)
	return d
}

func openDINO(f *checkpoint.File, prefix string) (Network, error) {
	names := dinoTransformers
	if hasAll(f, "cls_token") {
		names = sameName
	}
	all := find(f, prefix, names)
	s, err := towerShape(f, dinoKind, all)
	if err != nil {
		return nil, err
	}
	params, err := dinoDict(s).take(f, prefix, all)
	if err != nil {
		return nil, err
	}
	t := newTower(params, s, dinoKind, dinoEps)
	t.input = "dgm-eval"
	if to := imageSide / s.side; to != s.grid {
		t.place = stretch(t.place, to)
	}
	return t, nil
}

// stretch makes positions [1 grid grid width] of a network for a grid of another size
// as the authors do: by bicubic interpolation with a = -3/4 and no antialiasing, at a
// scale that is made for to+0.1 patches. Transformers and timm leave the 0.1 out, and
// timm antialiases: their features are others.
func stretch(p *models.Param, to int) *models.Param {
	grid, width := p.Shape[1], p.Shape[3]
	scale := float64(float32(float64(grid) / (float64(to) + 0.1)))
	first, weights := make([]int, to), make([][4]float64, to)
	for i := range to {
		at := scale*(float64(i)+0.5) - 0.5
		first[i] = int(math.Floor(at)) - 1
		weights[i] = cubic(at - math.Floor(at))
	}
	inside := func(i int) int { return min(max(i, 0), grid-1) }
	out := models.NewParam(p.Name, 1, to, to, width)
	sum := make([]float64, width)
	for i := range to * to {
		y, x := i/to, i%to
		clear(sum)
		for j := range 16 {
			weight := weights[y][j/4] * weights[x][j%4]
			at := (inside(first[y]+j/4)*grid + inside(first[x]+j%4)) * width
			for c := range sum {
				sum[c] += weight * float64(p.Data[at+c])
			}
		}
		for c, v := range sum {
			out.Data[i*width+c] = float32(v)
		}
	}
	return out
}

// cubic are the weights of four neighbours of a point that lies t behind the second
// (Keys 1981, a = -3/4).
func cubic(t float64) (w [4]float64) {
	const a = -0.75
	for i := range w {
		switch d := math.Abs(t + 1 - float64(i)); {
		case d <= 1:
			w[i] = ((a+2)*d-(a+3))*d*d + 1
		default:
			w[i] = ((d-5)*d+8)*d*a - 4*a
		}
	}
	return w
}
