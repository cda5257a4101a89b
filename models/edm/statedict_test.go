package edm_test

import (
	"math"
	"slices"
	"testing"

	"innate/models/edm"
	"innate/models/nettest"
	"innate/models/precond"
)

// TestFilters counts the filters that the published files hold.
func TestFilters(t *testing.T) {
	for name, want := range map[string]int{
		"cifar10-32x32-uncond-ve": 10, "cifar10-32x32-cond-vp": 8, "ffhq-64x64-uncond-ve": 15, "afhqv2-64x64-uncond-vp": 12, "imagenet-64x64-cond-adm": 12,
	} {
		n, err := edm.Checkpoints.Get(name)
		if err != nil {
			t.Fatal(err)
		}
		if got, err := edm.Filters(n); err != nil || len(got) != want {
			t.Errorf("%s: %d filters %v, %v; want %d", name, len(got), got, err, want)
		}
	}
}

// TestStateDict has all names of EDM's, and the filters' values.
func TestStateDict(t *testing.T) {
	gold := nettest.Load(t, "../unet/testdata/ncsnpp_uncond")
	den := &precond.Denoiser{Net: gold.Net(t, "param/model.", "buffer/model."), Kind: precond.EDM}
	f, err := edm.StateDict(den, map[string]string{"nimg": "1"})
	if err != nil {
		t.Fatal(err)
	}
	var filters []string
	for _, tensor := range f.Tensors() {
		if gold.Has("param/"+tensor.Name) || gold.Has("buffer/"+tensor.Name) {
			continue
		}
		filters = append(filters, tensor.Name)
		values, err := tensor.Float32s()
		if err != nil || len(values) != 16 || values[0] != 1.0/64 || values[1] != 3.0/64 || values[5] != 9.0/64 {
			t.Errorf("%s: %v, %v; want the outer product of 1 3 3 1, over 64", tensor.Name, values, err)
		}
	}
	want := []string{
		"model.enc.8x8_down.conv0.resample_filter", "model.enc.8x8_down.skip.resample_filter", "model.enc.8x8_aux_residual.resample_filter",
		"model.dec.16x16_up.conv0.resample_filter", "model.dec.16x16_up.skip.resample_filter",
	}
	if !slices.Equal(filters, want) {
		t.Errorf("filters %v, want %v", filters, want)
	}
	if f.Metadata["nimg"] != "1" || len(f.Tensors()) != len(den.Net.Params().All())+1+5 {
		t.Errorf("metadata %v, %d tensors", f.Metadata, len(f.Tensors()))
	}
}

// TestStateDictLevels: of iDDPM the wrapper loads its noise levels, too, and nothing of
// them is in the way of who reads the file here.
func TestStateDictLevels(t *testing.T) {
	n, err := edm.FromArguments("iDDPMPrecond", []byte(`{"img_resolution":8,"img_channels":1,"model_channels":8,"channel_mult":[1,1],"num_blocks":1}`))
	if err != nil {
		t.Fatal(err)
	}
	den, err := n.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	f, err := edm.StateDict(den, nil)
	if err != nil {
		t.Fatal(err)
	}
	u, err := f.Tensor("u")
	if err != nil {
		t.Fatal(err)
	}
	// Of EDM's 1,001 levels, computed in float32 as EDM does.
	values, err := u.Float32s()
	if err != nil || len(values) != 1001 {
		t.Fatalf("%d levels, %v; want 1001", len(values), err)
	}
	for i, want := range map[int]float64{0: 20291.17, 500: 1.0124, 999: 0.0064, 1000: 0} {
		if math.Abs(float64(values[i])-want) > 1e-2*want {
			t.Errorf("level %d: %v, want %v", i, values[i], want)
		}
	}
	if err := n.Describe(f); err != nil {
		t.Fatal(err)
	}
	if back, err := precond.FromCheckpoint(f, edm.Prefix); err != nil || back.Kind != precond.IDDPM {
		t.Errorf("%+v, %v; want the network", back, err)
	}
}
