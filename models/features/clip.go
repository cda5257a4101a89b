package features

import (
	"fmt"

	"innate/models/checkpoint"
)

const (
	clipKind = "clip"
	clipEps  = 1e-5
)

// clipOpenAI are the names of OpenAI's CLIP and of open_clip, under visual. Beside the
// image tower their files have one for texts.
var clipOpenAI = table(map[string]alias{
	"visual.class_embedding":                             {name: "cls_token"},
	"visual.positional_embedding":                        {name: "pos_embed"},
	"visual.conv1":                                       {name: "patch_embed.proj"},
	"visual.ln_pre":                                      {name: "norm_pre"},
	"visual.transformer.resblocks.*.ln_1":                {name: "blocks.*.norm1"},
	"visual.transformer.resblocks.*.attn.in_proj_weight": {name: "blocks.*.attn.qkv.weight"},
	"visual.transformer.resblocks.*.attn.in_proj_bias":   {name: "blocks.*.attn.qkv.bias"},
	"visual.transformer.resblocks.*.attn.out_proj":       {name: "blocks.*.attn.proj"},
	"visual.transformer.resblocks.*.ln_2":                {name: "blocks.*.norm2"},
	"visual.transformer.resblocks.*.mlp.c_fc":            {name: "blocks.*.mlp.fc1"},
	"visual.transformer.resblocks.*.mlp.c_proj":          {name: "blocks.*.mlp.fc2"},
	"visual.ln_post":                                     {name: "norm"},
	"visual.proj":                                        {name: "head.weight", turned: true},
})

// clipTransformers are the names of CLIPVisionModelWithProjection and of CLIPModel.
var clipTransformers = table(map[string]alias{
	"vision_model.embeddings.class_embedding":           {name: "cls_token"},
	"vision_model.embeddings.position_embedding.weight": {name: "pos_embed"},
	"vision_model.embeddings.patch_embedding":           {name: "patch_embed.proj"},
	"vision_model.pre_layrnorm":                         {name: "norm_pre"},
	"vision_model.encoder.layers.*.layer_norm1":         {name: "blocks.*.norm1"},
	"vision_model.encoder.layers.*.self_attn.q_proj":    {name: "blocks.*.attn.qkv", third: 1},
	"vision_model.encoder.layers.*.self_attn.k_proj":    {name: "blocks.*.attn.qkv", third: 2},
	"vision_model.encoder.layers.*.self_attn.v_proj":    {name: "blocks.*.attn.qkv", third: 3},
	"vision_model.encoder.layers.*.self_attn.out_proj":  {name: "blocks.*.attn.proj"},
	"vision_model.encoder.layers.*.layer_norm2":         {name: "blocks.*.norm2"},
	"vision_model.encoder.layers.*.mlp":                 {name: "blocks.*.mlp"},
	"vision_model.post_layernorm":                       {name: "norm"},
	"visual_projection":                                 {name: "head"},
})

// clipUnused is what the files have beside the image tower.
var clipUnused = []string{
	"transformer.", "token_embedding.", "positional_embedding", "ln_final.", "text_projection", "text_model.",
	"logit_scale", "logit_bias", "input_resolution", "context_length", "vocab_size", "vision_model.embeddings.position_ids",
}

// inCLIP recognises the image tower, by either library's names. One that was not
// OpenAI's may use another activation, which no file says.
func inCLIP(f *checkpoint.File) bool {
	return hasAll(f, "visual.class_embedding", "visual.conv1.weight") || hasAll(f, "vision_model.embeddings.class_embedding", "vision_model.pre_layrnorm.weight")
}

func clipDict(s transformerShape, dim int) *stateDict {
	d := &stateDict{kind: clipKind, unused: clipUnused}
	d.addTokens(s, false, classToken)
	d.norm("norm_pre", s.width)
	d.addBlocks(s, false)
	d.norm("norm", s.width)
	d.matrix("head", dim, s.width)
	return d
}

func openCLIP(f *checkpoint.File, prefix string) (Network, error) {
	names := clipTransformers
	if hasAll(f, "visual.class_embedding") {
		names = clipOpenAI
	}
	all := find(f, prefix, names)
	s, err := towerShape(f, clipKind, all)
	if err != nil {
		return nil, err
	}
	if s.grid*s.side != imageSide {
		return nil, fmt.Errorf("features: %s: %s: positions for images of %d pixels, want %d", f.Path, clipKind, s.grid*s.side, imageSide)
	}
	dim := s.width
	if head := all["head.weight"]; head != nil && len(head.shape()) == 2 {
		dim = head.shape()[0]
	}
	params, err := clipDict(s, dim).take(f, prefix, all)
	if err != nil {
		return nil, err
	}
	t := newTower(params, s, clipKind, clipEps)
	t.quick()
	t.input, t.before, t.head = clipKind, t.affine("norm_pre"), t.affine("head")
	return t, nil
}
