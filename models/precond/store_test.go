package precond_test

import (
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"innate/models/checkpoint"
	"innate/models/precond"
	"innate/models/unet"
)

func TestCheckpoint(t *testing.T) {
	gold := load(t, "ncsnpp_uncond")
	den := &precond.Denoiser{Net: gold.Net(t, "param/model.", "buffer/model."), Kind: precond.GDD}
	ema := &precond.Denoiser{Net: den.Net.Clone(), Kind: precond.GDD}
	ema.Net.Params().All()[0].Data[0] = 42
	f := checkpoint.New()
	for prefix, d := range map[string]*precond.Denoiser{"gen.": den, "ema.": ema} {
		if err := d.AddTo(f, prefix); err != nil {
			t.Fatal(err)
		}
	}
	path := filepath.Join(t.TempDir(), "latest.safetensors")
	if err := checkpoint.Write(path, f); err != nil {
		t.Fatal(err)
	}
	read, err := checkpoint.Read(path)
	if err != nil {
		t.Fatal(err)
	}
	back, err := precond.FromCheckpoint(read, "ema.")
	if err != nil {
		t.Fatal(err)
	}
	if back.Kind != precond.GDD || back.Net.(*unet.Net).Config.Arch != "ncsnpp" {
		t.Errorf("kind %q, config %+v", back.Kind, back.Net.(*unet.Net).Config)
	}
	for i, p := range ema.Net.Params().All() {
		if q := back.Net.Params().All()[i]; q.Name != p.Name || !slices.Equal(q.Data, p.Data) {
			t.Errorf("%s differs", p.Name)
		}
	}
	if !slices.Equal(back.Net.Buffers().All()[0].Data, ema.Net.Buffers().All()[0].Data) {
		t.Error("the Fourier frequencies differ")
	}

	other := &precond.Denoiser{Net: load(t, "ddpmpp_uncond").Net(t, "param/model.", "buffer/model."), Kind: precond.EDM}
	if err := other.AddTo(f, "teacher."); err == nil || !strings.Contains(err.Error(), "differs from the one already stored") {
		t.Errorf("two configurations in one file: %v", err)
	}
	if _, err := precond.FromCheckpoint(read, "x."); err == nil || !strings.Contains(err.Error(), `tensor "x.map_layer0.weight": missing`) {
		t.Errorf("wrong prefix: %v", err)
	}
	config := read.Metadata["unet"]
	for _, c := range []struct{ key, value, want string }{
		{"precond", "ddim", `metadata "precond": "ddim", want one of ["edm" "gdd" "vp" "ve" "iddpm"]`},
		{"unet", "{", `metadata "unet"`},
		{"unet", "{}", `unet: arch: got "", want ddpmpp | ncsnpp`},
		{"unet", strings.Replace(config, `"model_channels":8`, `"model_channels":16`, 1), "want ["},
		{"unet", strings.Replace(config, `"num_blocks":1`, `"num_blocks":2`, 1), "missing"},
	} {
		keep := read.Metadata[c.key]
		read.Metadata[c.key] = c.value
		if _, err := precond.FromCheckpoint(read, "gen."); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s %s: error %v, want %q", c.key, c.value, err, c.want)
		}
		read.Metadata[c.key] = keep
	}
}
