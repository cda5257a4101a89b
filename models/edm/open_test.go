package edm_test

import (
	"maps"
	"strings"
	"testing"

	"innate/models/checkpoint"
	"innate/models/device/devicetest"
	"innate/models/edm"
	"innate/models/nettest"
	"innate/models/precond"
	"innate/models/torchfile"
	"innate/models/unet"
)

// TestOpen opens a network pickle in EDM's layout, of half precision and with
// convolutions in channels_last, and computes what PyTorch does.
func TestOpen(t *testing.T) {
	f, err := torchfile.Load("testdata/edm.pkl", "")
	if err != nil {
		t.Fatal(err)
	}
	gold := nettest.Load(t, "../unet/testdata/ddpmpp_cond")
	for range 2 { // opening changes nothing of the file
		den, err := edm.Open(f)
		if err != nil {
			t.Fatal(err)
		}
		if c := den.Net.(*unet.Net).Config; den.Kind != precond.EDM || c.Arch != unet.DDPMpp || c.AugmentDim != 0 || c.Dropout != 0 || c.LabelDim != 5 {
			t.Errorf("kind %s, config %+v, want EDM's DDPM++ of 5 classes", den.Kind, c)
		}
		dev := devicetest.Open(t, 2)
		defer dev.Close()
		s, err := precond.NewSampler(dev, den, 2)
		if err != nil {
			t.Fatal(err)
		}
		x, labels := gold.Images(t, "den_x"), gold.Floats(t, "label")[:2*5]
		got, n := make([]float32, len(x)), 2*s.Pixels()
		for i, sigma := range gold.Floats(t, "sigmas") {
			if err := s.Denoise(x[i*n:(i+1)*n], float64(sigma), labels, got[i*n:(i+1)*n]); err != nil {
				t.Fatal(err)
			}
		}
		nettest.Near(t, "a network pickle", got, gold.Images(t, "den_edm"), 1e-5)
	}
}

// TestOpenRefuses names what a network pickle has that is not known here.
func TestOpenRefuses(t *testing.T) {
	gold := nettest.Load(t, "../unet/testdata/ncsnpp_uncond")
	net := gold.Net(t, "param/model.", "buffer/model.")
	const args = `{"img_resolution":16,"img_channels":3,"model_type":"SongUNet","embedding_type":"fourier","encoder_type":"residual","channel_mult_noise":2,` +
		`"resample_filter":[1,3,3,1],"model_channels":8,"channel_mult":[2,2],"num_blocks":1,"attn_resolutions":[8]}`
	described := func(class, args string) *checkpoint.File {
		f := checkpoint.New()
		f.Path = "x.pkl"
		if err := f.AddParams("model.", net.Params()); err != nil {
			t.Fatal(err)
		}
		if err := f.AddParams("model.", net.Buffers()); err != nil {
			t.Fatal(err)
		}
		maps.Copy(f.Metadata, map[string]string{torchfile.MetaClass: class, torchfile.MetaArgs: args})
		return f
	}
	if den, err := edm.Open(described("GDDPrecond", args)); err != nil || den.Kind != precond.GDD || den.Net.(*unet.Net).Config.Arch != unet.NCSNpp {
		t.Errorf("GDD's NCSN++: %v, %v", den, err)
	}
	change := func(old, with string) string { return strings.Replace(args, old, with, 1) }
	for _, c := range []struct{ class, args, want string }{
		{"MyPrecond", args, `x.pkl: edm: class "MyPrecond", want EDMPrecond`},
		{"EDMPrecond", change("SongUNet", "MyUNet"), `x.pkl: edm: EDMPrecond: model_type "MyUNet", want SongUNet`},
		{"EDMPrecond", change("[2,2]", "[2,4]"), `shape [16 16 3 3], want [32 16 3 3]`},
		{"EDMPrecond", change(`"residual"`, `"skip"`), `tensor "model.enc.8x8_aux_skip`},
	} {
		if _, err := edm.Open(described(c.class, c.args)); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s %s: error %v, want %q", c.class, c.args, err, c.want)
		}
	}
}

// TestArgumentsByPlace: arguments that were given by their place are known from what the
// network keeps of them.
func TestArgumentsByPlace(t *testing.T) {
	f, err := torchfile.Load("testdata/edm.pkl", "")
	if err != nil {
		t.Fatal(err)
	}
	named := f.Metadata[torchfile.MetaArgs]
	for _, arg := range []string{`"img_resolution":16,`, `"img_channels":3,`, `"label_dim":5,`, `"use_fp16":false,`, `"model_type":"SongUNet",`} {
		if !strings.Contains(named, arg) {
			t.Fatalf("arguments %s, want %s among them", named, arg)
		}
		named = strings.Replace(named, arg, "", 1)
	}
	f.Metadata[torchfile.MetaArgs] = named
	f.Metadata[torchfile.MetaAttrs] = `{"img_resolution":16,"img_channels":3,"label_dim":5,"use_fp16":false,"sigma_min":0,"sigma_max":"+Inf","sigma_data":0.5,"counter":7}`
	if err := edm.Check(f); err != nil {
		t.Error(err)
	}
	if den, err := edm.Open(f); err != nil || den.Net.Shape().LabelDim != 5 {
		t.Errorf("%v, %v; want the network of 5 classes", den, err)
	}
}

// TestCheck refuses what Open would, without reading a value.
func TestCheck(t *testing.T) {
	f, err := torchfile.Load("testdata/edm.pkl", "")
	if err != nil {
		t.Fatal(err)
	}
	if err := edm.Check(f); err != nil {
		t.Error(err)
	}
	for want, change := range map[string]func(f *checkpoint.File){
		`edm: class "Generator", want EDMPrecond`: func(f *checkpoint.File) { f.Metadata[torchfile.MetaClass] = "Generator" },
		`unknown field "depth"`:                   func(f *checkpoint.File) { f.Metadata[torchfile.MetaArgs] = `{"model_type":"SongUNet","depth":3}` },
		`map_label.weight": shape [8 5], want [12 5] as EDMPrecond has it`: func(f *checkpoint.File) {
			f.Metadata[torchfile.MetaArgs] = strings.Replace(f.Metadata[torchfile.MetaArgs], `"model_channels":8`, `"model_channels":12`, 1)
		},
		`.weight": missing`: func(f *checkpoint.File) {
			f.Metadata[torchfile.MetaArgs] = strings.Replace(f.Metadata[torchfile.MetaArgs], `"num_blocks":1`, `"num_blocks":2`, 1)
		},
	} {
		changed := *f
		changed.Metadata = maps.Clone(f.Metadata)
		change(&changed)
		if err := edm.Check(&changed); err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), "edm.pkl") {
			t.Errorf("got %v, want %s, and the file", err, want)
		}
	}
}
