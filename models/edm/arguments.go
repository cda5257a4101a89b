package edm

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math"
	"strconv"
	"strings"

	"innate/models/adm"
	"innate/models/precond"
	"innate/models/unet"
)

// arguments are those of the wrappers and of the networks within them, by the names
// that EDM gives them. What a network keeps of them is what was given: the rest has
// its default.
type arguments struct {
	Resolution int    `json:"img_resolution"`
	Channels   int    `json:"img_channels"`
	LabelDim   int    `json:"label_dim"`
	ModelType  string `json:"model_type"`

	AugmentDim      int     `json:"augment_dim"`
	ModelChannels   int     `json:"model_channels"`
	ChannelMult     []int   `json:"channel_mult"`
	ChannelMultEmb  int     `json:"channel_mult_emb"`
	NumBlocks       int     `json:"num_blocks"`
	AttnResolutions []int   `json:"attn_resolutions"`
	Dropout         float64 `json:"dropout"`
	LabelDropout    float64 `json:"label_dropout"`

	// Of SongUNet alone.
	Embedding string `json:"embedding_type"`
	NoiseMult int    `json:"channel_mult_noise"`
	Encoder   string `json:"encoder_type"`
	Decoder   string `json:"decoder_type"`
	Taps      []int  `json:"resample_filter"`

	UseFP16 bool `json:"use_fp16"` // says how it computed, not what

	// Bounds and constants of the wrappers. Infinity is a text.
	SigmaMin  any     `json:"sigma_min"`
	SigmaMax  any     `json:"sigma_max"`
	SigmaData float64 `json:"sigma_data"`
	Eps       float64 `json:"eps"`
	BetaD     float64 `json:"beta_d"`
	BetaMin   float64 `json:"beta_min"`
	M         float64 `json:"M"`
	EpsilonT  float64 `json:"epsilon_t"`
	C1        float64 `json:"C_1"`
	C2        float64 `json:"C_2"`
}

// kept are the arguments that every wrapper keeps as attributes of the same name.
var kept = []string{
	"img_resolution", "img_channels", "label_dim",
	"sigma_min", "sigma_max", "sigma_data", "eps", "beta_d", "beta_min", "M", "epsilon_t", "C_1", "C_2",
}

const (
	songUNet      = "SongUNet"
	dhariwalUNet  = "DhariwalUNet"
	augmentInputs = 9 // of the augmentation that EDM trained with
)

// wrapper is a class that makes a denoiser of a network.
type wrapper struct {
	kind   precond.Kind
	model  string // the class of its network, unless an argument says
	double bool   // the network also gives a variance
}

// wrappers are known by their class. D2O is the predecessor of GDD.
var wrappers = map[string]wrapper{
	"EDMPrecond":   {kind: precond.EDM, model: dhariwalUNet},
	"VPPrecond":    {kind: precond.VP, model: songUNet},
	"VEPrecond":    {kind: precond.VE, model: songUNet},
	"iDDPMPrecond": {kind: precond.IDDPM, model: dhariwalUNet, double: true},
	"GDDPrecond":   {kind: precond.GDD, model: dhariwalUNet},
	"D2OPrecond":   {kind: precond.GDD, model: dhariwalUNet},
}

// FromArguments is the network that one of EDM's wrappers builds: class is its
// name, such as EDMPrecond, and args its constructor's arguments, a JSON object.
// An argument that is not known, or changes what is not understood, is an error.
func FromArguments(class string, args []byte) (Network, error) {
	w, ok := wrappers[class]
	if !ok {
		return Network{}, fmt.Errorf("edm: class %q, want EDMPrecond, VPPrecond, VEPrecond, iDDPMPrecond, GDDPrecond or D2OPrecond", class)
	}
	var named struct {
		ModelType string `json:"model_type"`
	}
	if err := json.Unmarshal(args, &named); err != nil {
		return Network{}, fmt.Errorf("edm: %s: arguments: %w", class, err)
	}
	if named.ModelType != "" {
		w.model = named.ModelType
	}
	a, err := defaults(w.model)
	if err != nil {
		return Network{}, fmt.Errorf("edm: %s: %w", class, err)
	}
	d := json.NewDecoder(bytes.NewReader(args))
	d.DisallowUnknownFields()
	if err := d.Decode(&a); err != nil {
		return Network{}, fmt.Errorf("edm: %s: arguments: %s", class, strings.TrimPrefix(err.Error(), "json: "))
	}
	if err := a.check(w.kind); err != nil {
		return Network{}, fmt.Errorf("edm: %s: %w", class, err)
	}
	n := a.network(w)
	if _, err := n.Layers(); err != nil {
		return Network{}, fmt.Errorf("edm: %s: %w", class, err)
	}
	return n, nil
}

// defaults are those of a network's class, and of all wrappers.
func defaults(model string) (arguments, error) {
	a := arguments{
		ChannelMultEmb: 4, Dropout: 0.1,
		SigmaData: 0.5, Eps: precond.SigmaMin, BetaD: 19.9, BetaMin: 0.1, M: 1000, EpsilonT: 1e-5, C1: 0.001, C2: 0.008,
	}
	switch model {
	case songUNet:
		a.ModelChannels, a.ChannelMult, a.NumBlocks, a.AttnResolutions = 128, []int{1, 2, 2, 2}, 4, []int{16}
		a.Embedding, a.NoiseMult, a.Encoder, a.Decoder, a.Taps = unet.Positional, 1, unet.Standard, unet.Standard, []int{1, 1}
	case dhariwalUNet:
		a.ModelChannels, a.ChannelMult, a.NumBlocks, a.AttnResolutions = 192, []int{1, 2, 3, 4}, 3, []int{32, 16, 8}
	default:
		return a, fmt.Errorf("model_type %q, want %s or %s", model, songUNet, dhariwalUNet)
	}
	return a, nil
}

// check refuses constants that the coefficients of package precond do not have, and
// bounds that would keep a sampler from noise levels that package precond has it visit.
func (a arguments) check(kind precond.Kind) error {
	for _, c := range []struct {
		name      string
		got, want float64
	}{
		{"sigma_data", a.SigmaData, precond.SigmaData}, {"eps", a.Eps, precond.SigmaMin},
		{"beta_d", a.BetaD, 19.9}, {"beta_min", a.BetaMin, 0.1}, {"M", a.M, 1000}, {"epsilon_t", a.EpsilonT, 1e-5},
		{"C_1", a.C1, 0.001}, {"C_2", a.C2, 0.008},
	} {
		if math.Abs(c.got-c.want) > 1e-12 {
			return fmt.Errorf("%s: got %v, want %v", c.name, c.got, c.want)
		}
	}
	lo, hi := kind.Range()
	if err := bound("sigma_min", a.SigmaMin, lo, func(v float64) bool { return v <= precond.SigmaMin }); err != nil {
		return err
	}
	return bound("sigma_max", a.SigmaMax, hi, func(v float64) bool { return v >= precond.SigmaMax })
}

// bound refuses a bound of the noise levels that is neither the kind's nor, like that,
// beyond those of sampling. EDM computes those of iDDPM in float32, half a thousandth off.
func bound(name string, v any, of float64, beyond func(float64) bool) error {
	var got float64
	switch v := v.(type) {
	case nil:
		return nil
	case float64:
		got = v
	case string: // an infinity
		var err error
		if got, err = strconv.ParseFloat(v, 64); err != nil {
			return fmt.Errorf("%s: got %q, want a number", name, v)
		}
	default:
		return fmt.Errorf("%s: got %v, want a number", name, v)
	}
	if beyond(got) && beyond(of) || got > 0.99*of && got < 1.01*of {
		return nil
	}
	return fmt.Errorf("%s: got %v, want %v: noise levels from %v to %v are sampled", name, got, of, precond.SigmaMin, precond.SigmaMax)
}

func (a arguments) network(w wrapper) Network {
	sizes := precond.Sizes{
		Resolution: a.Resolution, Channels: a.Channels, LabelDim: a.LabelDim, AugmentDim: a.AugmentDim,
		ModelChannels: a.ModelChannels, ChannelMult: a.ChannelMult, ChannelMultEmb: a.ChannelMultEmb,
		NumBlocks: a.NumBlocks, AttnResolutions: a.AttnResolutions, Dropout: a.Dropout, LabelDropout: a.LabelDropout,
	}
	if w.double {
		sizes.OutChannels = 2 * a.Channels
	}
	if w.model == dhariwalUNet {
		return Network{Kind: w.kind, ADM: &adm.Config{Sizes: sizes}}
	}
	c := unet.Config{Sizes: sizes}
	c.Name(unet.Arch{Embedding: a.Embedding, NoiseMult: a.NoiseMult, Encoder: a.Encoder, Decoder: a.Decoder, Taps: a.Taps})
	return Network{Kind: w.kind, Song: &c}
}
