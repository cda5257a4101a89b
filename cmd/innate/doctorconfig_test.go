package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestDoctorConfig says of a configuration which files are here, and what to do about
// those that are not; the status tells whether a run would start.
func TestDoctorConfig(t *testing.T) {
	pickle, err := os.ReadFile(filepath.Join("..", "..", "models", "edm", "testdata", "edm.pkl"))
	check(t, err)
	dir := t.TempDir()
	t.Setenv("INNATE_CACHE", dir)
	t.Setenv("INNATE_RUNS", dir)
	t.Chdir(dir)
	const teacher = "edm-ffhq-64x64-uncond-vp.pkl"
	// A file of a published name that is another: told where one's own is named so,
	// refused where the published one is asked for.
	check(t, os.WriteFile("vgg16_bn-6c64b313.pth", pickle, 0o644))
	check(t, os.WriteFile("mine.toml", []byte("method = 'gdd'\n[model]\ninit = 'fetch:"+teacher+"'\n[fid]\nreference = 'none.npz'\n"), 0o644))
	check(t, os.WriteFile("text.npz", []byte("no numbers\n"), 0o644))
	for _, c := range []struct {
		line   string
		status int
		want   []string
	}{
		{"doctor mnist-gdd-i", 0, []string{
			"ok  config         mnist-gdd-i: gdd, batch ", "ok  model.init     builtin:mnist-teacher, built in\n", "ok  data.dataset   mnist, 60000 images of 28x28, 1 channels\n",
			"ok  memory         ", " MiB at most, of ", "ok  disk           ", " are free for " + dir,
		}},
		{"doctor mine.toml", 1, []string{
			"NO  model.init     fetch:" + teacher + ": not here: innate fetch " + teacher + " brings it; or put https://",
			"NO  fid.reference  stat none.npz: no such file or directory; innate fid ref FILE --features NETWORK makes one by the network of fid.features\n",
			"doctor: mine.toml: a run would not start: 2 of 6 checks failed",
		}},
		{"doctor mnist-gdd-i --set disc.in_size=2", 1, []string{"disc.in_size"}},
		{"doctor mnist-gdd-i --set disc.cmix=1000000", 1, nil},
		{"doctor mnist-gdd-i --set model.init=vgg16_bn-6c64b313.pth --set live.total_kimg=1", 1, []string{
			"ok  model.init     vgg16_bn-6c64b313.pth, 0.1 MiB, not the published file of that name: ", "SHA-256 ", ", want 6c64b313 as published",
		}},
		{"doctor mnist-gdd-i --set model.init=fetch:vgg16_bn-6c64b313.pth", 1, []string{"NO  model.init     ", ", want 6c64b313 as published: it is another file, or damaged"}},
		{"doctor mnist-gdd-i --set data.dataset=files --set data.path=nowhere.zip", 1, []string{"NO  data.dataset   ", "nowhere.zip: no such file or directory; innate data SRC -o nowhere.zip makes it "}},
		{"doctor mnist-gdd-i --set fid.reference=text.npz", 1, []string{"NO  fid.reference  ", "fid.reference: text.npz: npz: a text, want npz; innate fid ref FILE "}},
		{"doctor mnist-gdd-i --set fid.input=clip", 1, []string{"NO  fid.input      ", `fid.input: features: builtin:mnist-fid-cnn: input: got "clip", want levels for cnn`}},
		{"doctor mnist-gdd-i --set fid.features=builtin:mnist-teacher", 1, []string{"NO  fid.features   ", "fid.features: features: builtin:mnist-teacher: got no feature network, want one of: "}},
		{"doctor mnist-gdd-i --set disc.in_size=0", 1, []string{"configs: mnist-gdd-i.toml:"}},
		{"doctor mine.toml --set run.batch=0", 1, []string{"configs: mine.toml:"}},
		{"start mnist-gdd-i --set fid.reference=none.npz", 1, []string{"configs: mnist-gdd-i.toml:", "fid.reference: stat none.npz: no such file"}},
		{"doctor mnist-gdd-i --set disc1.features=builtin:mnist-teacher", 1, []string{"NO  disc1.features  configs: mnist-gdd-i.toml:", ": disc1.features: features: builtin:mnist-teacher: got no feature network"}},
		{"doctor mnist-gdd-i --set disc1.features=builtin:mnist-fid-cnn --set disc1.in_size=12", 1, []string{"NO  disc1.in_size   configs: mnist-gdd-i.toml:", ": disc1.in_size: disc: in_size: 12, want a multiple of 8"}},
		{"doctor mnist-gdd-i --check", 2, nil},
		{"doctor a b", 2, []string{"got 2 arguments"}},
	} {
		status, out := doctorSays(strings.Fields(c.line)...)
		for _, want := range c.want {
			if !strings.Contains(out, want) {
				t.Errorf("innate %s: %q is missing in\n%s", c.line, want, out)
			}
		}
		if status != c.status {
			t.Errorf("innate %s: status %d, want %d\n%s", c.line, status, c.status, out)
		}
	}
	left, err := os.ReadDir(dir)
	if check(t, err); len(left) != 3 {
		t.Errorf("left %v, want nothing new", left)
	}
}
