package method_test

import (
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"innate/models"
	"innate/models/checkpoint"
	"innate/models/disc"
	"innate/models/weights"
	"innate/trainer/method"
)

// table is a file with a tensor of class vectors, as PyTorch saves an embedding.
func table(t *testing.T, name string, shape ...int) *checkpoint.File {
	t.Helper()
	p := models.NewParam(name, shape...)
	for i := range p.Data {
		p.Data[i] = float32(i)
	}
	set := models.NewParamSet()
	set.Add(p)
	f := checkpoint.New()
	if err := f.AddParams("", set); err != nil {
		t.Fatal(err)
	}
	write, err := weights.Formats.Get(weights.Torch)
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "embed.pth")
	if err := write(path, f); err != nil {
		t.Fatal(err)
	}
	read, err := weights.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	return read
}

// TestClassTable: every head begins with the first rows of the table, in a copy of its
// own.
func TestClassTable(t *testing.T) {
	values, err := method.ClassTable(table(t, "embed.weight", 12, disc.EmbedDim), 10)
	if err != nil {
		t.Fatal(err)
	}
	cfg := disc.Config{Channels: []int{2, 2}, Sizes: []int{16, 8}, End: 8, Width: 2, LabelDim: 10, CMap: 4, EmbedDim: disc.EmbedDim}
	d, err := disc.New(cfg, nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := d.SetClasses(values); err != nil {
		t.Fatal(err)
	}
	first, second := d.Params.Get("heads.0.embed.weight").Data, d.Params.Get("heads.1.embed.weight").Data
	if !slices.Equal(first, values[:10*disc.EmbedDim]) || !slices.Equal(second, first) || &first[0] == &second[0] {
		t.Error("heads begin with other vectors than the table's first ten, or share them")
	}
	if err := d.SetClasses(values[:9*disc.EmbedDim]); err == nil || err.Error() != "disc: class table of 2880 values, want rows of 320 for 10 classes or more" {
		t.Errorf("nine rows: %v", err)
	}
	for want, f := range map[string]*checkpoint.File{
		`tensor "weight": shape [9 320], want [10 or more, 320]`:           table(t, "weight", 9, disc.EmbedDim),
		`tensor "weight": shape [10 8], want [10 or more, 320]`:            table(t, "weight", 10, 8),
		"no table of classes, want a tensor called embed.weight or weight": table(t, "head.weight", 10, disc.EmbedDim),
	} {
		if _, err := method.ClassTable(f, 10); err == nil || !strings.HasSuffix(err.Error(), want) {
			t.Errorf("error %v, want %s", err, want)
		}
	}
}
