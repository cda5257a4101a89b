package configs_test

import (
	"maps"
	"testing"

	"innate/configs"
)

// TestJudges: further judges may be tables or a list, and only those that there are
// show, name files and decide.
func TestJudges(t *testing.T) {
	const second = "features = \"b\"\nreference = \"c.npz\"\n"
	for _, text := range []string{
		"method = \"gdd\"\n[fid]\nbest = \"fid1\"\n[fid1]\n" + second,
		"method = \"gdd\"\n[[fid]]\nbest = \"fid1\"\n[[fid]]\n" + second,
	} {
		c, err := configs.Parse("a.toml", text)
		if err != nil {
			t.Fatal(err)
		}
		if c.Judges() != 2 || c.Judge(1).Statistic != "fid" || c.FID.Best != "fid1" {
			t.Errorf("%d judges, the second %+v, best by %s", c.Judges(), *c.Judge(1), c.FID.Best)
		}
		want := map[string]string{
			"model.init": "builtin:mnist-teacher", "disc.features": "builtin:mnist-disc-cnn",
			"fid.features": "builtin:mnist-fid-cnn", "fid.reference": "builtin:mnist-fid-ref", "fid1.features": "b", "fid1.reference": "c.npz",
		}
		if got := c.Files(); !maps.Equal(got, want) {
			t.Errorf("files %v, want %v", got, want)
		}
		shown := map[string]bool{}
		for _, e := range c.Entries() {
			shown[e.Key] = true
		}
		if !shown["fid1.features"] || shown["fid2.features"] || shown["fid1.samples"] {
			t.Errorf("settings shown: %v", shown)
		}
	}
}
