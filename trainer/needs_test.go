package trainer_test

import (
	"os"
	"testing"

	"innate/configs"
	"innate/trainer"
)

// TestNeedsCountOnce: a file that several settings name is copied into a run once, under
// whatever path they name it.
func TestNeedsCountOnce(t *testing.T) {
	project(t)
	check(t, os.Link("home/cnn.safetensors", "again.safetensors"))
	c, err := configs.Parse("config.toml", text+"[disc]\nfeatures = \"home/cnn.safetensors\"\n[fid]\nfeatures = \"again.safetensors\"\nreference = \"home/ref.npz\"\n")
	check(t, err)
	sizes, copies := map[string]int64{}, map[string]int64{}
	for _, n := range trainer.Needs(c) {
		check(t, n.Err)
		sizes[n.Key], copies[n.Key] = n.Size, n.Copy
	}
	if s := sizes["disc.features"]; s == 0 || sizes["fid.features"] != s {
		t.Fatalf("sizes %v", sizes)
	}
	if copies["disc.features"] != sizes["disc.features"] || copies["fid.features"] != 0 || copies["fid.reference"] != sizes["fid.reference"] || copies["model.init"] != 0 {
		t.Errorf("copies %v of files of %v, want one of the network", copies, sizes)
	}
}
