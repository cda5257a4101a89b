package features_test

import (
	"encoding/binary"
	"io"
	"math/rand/v2"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"innate/models"
	"innate/models/checkpoint"
	"innate/models/features"
	"innate/models/weights"
)

// trained counts what is no statistic.
func trained(set *models.ParamSet) (n int) {
	for _, p := range set.All() {
		if !strings.Contains(p.Name, "running_") {
			n += len(p.Data)
		}
	}
	return n
}

// TestCounts: the parameters that maps need are as many as the published networks
// have. The transformer's heads are counted, too.
func TestCounts(t *testing.T) {
	if n := trained(features.VGGWeights(nil)); n != 14_723_136 {
		t.Errorf("VGG16-BN: %d parameters, want 14723136", n)
	}
	if n := trained(features.LiteWeights(nil)); n != 2_958_848 {
		t.Errorf("EfficientNet-Lite0: %d parameters, want 2958848", n)
	}
	// 94049936 less the 6711744 of the layers that reassemble its maps.
	if n := features.DeiTCount(768, 14); n != 87_338_192 {
		t.Errorf("DeiT-base: %d parameters, want 87338192", n)
	}
}

// TestTaps: the maps of images of 224 pixels.
func TestTaps(t *testing.T) {
	deit := features.NewDeiT(64, 4, nil)
	for _, c := range []struct {
		net  features.Backbone
		want []features.Map
	}{
		{features.NewVGG(nil), []features.Map{{128, 112}, {256, 56}, {512, 28}, {512, 14}}},
		{features.NewLite(nil), []features.Map{{24, 56}, {40, 28}, {112, 14}, {320, 7}}},
		{deit, []features.Map{{96, 56}, {192, 28}, {384, 14}, {768, 7}}},
	} {
		taps, err := c.net.Taps(224)
		if err != nil {
			t.Fatal(err)
		}
		var got []features.Map
		for _, tap := range taps {
			got = append(got, tap.Projected())
		}
		if !slices.Equal(got, c.want) {
			t.Errorf("%T: maps %v, want %v", c.net, got, c.want)
		}
		if _, err := c.net.Taps(200); err == nil || !strings.HasPrefix(err.Error(), "200, want a multiple of ") {
			t.Errorf("%T: error %v of 200 pixels", c.net, err)
		}
	}
}

// file is a network's weights in a file of a format, changed before.
func file(t *testing.T, set *models.ParamSet, format string, change func(*checkpoint.File)) *checkpoint.File {
	t.Helper()
	f := checkpoint.New()
	if err := f.AddParams("", set); err != nil {
		t.Fatal(err)
	}
	change(f)
	write, err := weights.Formats.Get(format)
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "net")
	if err := write(path, f); err != nil {
		t.Fatal(err)
	}
	read, err := weights.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	return read
}

func zeros(t *testing.T, f *checkpoint.File, name string, shape ...int) {
	t.Helper()
	set := models.NewParamSet()
	set.Add(models.NewParam(name, shape...))
	if err := f.AddParams("", set); err != nil {
		t.Fatal(err)
	}
}

// TestOpenState reads what it has written in PyTorch's format and in safetensors, with
// what a whole network has beside the maps.
func TestOpenState(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	for name, set := range map[string]*models.ParamSet{"tf_efficientnet_lite0": features.LiteWeights(rng), "deit": features.NewDeiT(64, 2, rng).Weights()} {
		for _, format := range []string{weights.Torch, weights.Safetensors} {
			f := file(t, set, format, func(f *checkpoint.File) {
				if name != "deit" {
					zeros(t, f, "classifier.weight", 1000, 1280)
					zeros(t, f, "bn1.num_batches_tracked")
				}
			})
			got, label, err := features.Open(f, "", features.OwnInput)
			if err != nil {
				t.Fatal(err)
			}
			if !strings.HasPrefix(label, name+"-") {
				t.Errorf("label %q, want %s and a fingerprint", label, name)
			}
			if got.Fingerprint() != set.Fingerprint() {
				t.Errorf("%s as %s: other weights", name, format)
			}
		}
	}
}

// TestOpenStateRefuses names everything that is wrong with a file at once.
func TestOpenStateRefuses(t *testing.T) {
	set := models.NewParamSet()
	for _, p := range features.LiteWeights(nil).All() {
		switch p.Name {
		case "blocks.1.0.bn2.running_var":
			continue
		case "blocks.6.0.conv_pwl.weight":
			p = models.NewParam(p.Name, 320, 1152)
		}
		set.Add(p)
	}
	f := file(t, set, weights.Safetensors, func(f *checkpoint.File) { zeros(t, f, "blocks.7.0.conv_pw.weight", 1) })
	_, _, err := features.Open(f, "", features.OwnInput)
	want := "features: " + f.Path + `: tf_efficientnet_lite0: tensor "blocks.1.0.bn2.running_var": missing; ` +
		`tensor "blocks.6.0.conv_pwl.weight": shape [320 1152], want [320 1152 1 1]; tensor "blocks.7.0.conv_pw.weight": not of the network`
	if err == nil || err.Error() != want {
		t.Errorf("error %v, want %s", err, want)
	}
	odd := file(t, oddPositions(), weights.Safetensors, func(*checkpoint.File) {})
	if _, _, err := features.Open(odd, "", features.OwnInput); err == nil || !strings.Contains(err.Error(), `tensor "pos_embed": shape [1 5 64], want [1 grid*grid+2 width]`) {
		t.Errorf("error %v of three patches", err)
	}
}

// oddPositions is a transformer with positions of 3 patches.
func oddPositions() *models.ParamSet {
	set := models.NewParamSet()
	for _, p := range features.NewDeiT(64, 2, nil).Weights().All() {
		if p.Name == "pos_embed" {
			p = models.NewParam(p.Name, 1, 5, 64)
		}
		set.Add(p)
	}
	return set
}

// TestFoldedOnce: of a convolution with its batch norm one weight and one bias stay, in
// the memory of the file's; what identifies the network is the file's all the same.
func TestFoldedOnce(t *testing.T) {
	for name, c := range map[string]struct {
		file *models.ParamSet
		open func(*models.ParamSet) features.Network
		want int // values: of convolutions, a bias each, and Inception's output
	}{
		"vgg16_bn":  {features.VGGWeights(nil), func(s *models.ParamSet) features.Network { return features.FromVGG(s) }, 14_714_688},
		"inception": {features.InceptionWeights(nil), func(s *models.ParamSet) features.Network { return features.FromInception(s) }, 23_832_736},
	} {
		print, first := c.file.Fingerprint(), c.file.All()[0]
		net := c.open(c.file)
		if got := net.Weights().Count(); got != c.want {
			t.Errorf("%s: %d values stay, want %d", name, got, c.want)
		}
		if net.Fingerprint() != print {
			t.Errorf("%s: another fingerprint than the file's", name)
		}
		if own := net.Weights().Get(first.Name); own == nil || &own.Data[0] != &first.Data[0] {
			t.Errorf("%s: %s is in memory twice", name, first.Name)
		}
	}
}

// TestDescribe: what needs no weights reads none, learns of the same maps, and refuses
// what is refused with them.
func TestDescribe(t *testing.T) {
	for name, set := range map[string]*models.ParamSet{
		"vgg16_bn": features.VGGWeights(nil), "tf_efficientnet_lite0": features.LiteWeights(nil), "deit": features.NewDeiT(64, 2, nil).Weights(),
	} {
		reads := 0
		of := func(less string) *checkpoint.File {
			f := checkpoint.New()
			for _, p := range set.All() {
				if p.Name == less {
					continue
				}
				check(t, f.Add(checkpoint.Deferred(p.Name, checkpoint.F32, func(w io.Writer) error {
					reads++
					return binary.Write(w, binary.LittleEndian, p.Data)
				}, p.Shape...)))
			}
			return f
		}
		net, err := features.DescribeBackbone(of(""), "")
		check(t, err)
		if reads > 0 {
			t.Errorf("%s: %d tensors were read", name, reads)
		}
		whole, err := features.OpenBackbone(of(""), "")
		check(t, err)
		got, err := net.Taps(64)
		check(t, err)
		if want, _ := whole.Taps(64); !reflect.DeepEqual(got, want) || !reflect.DeepEqual(net.Pixels(), whole.Pixels()) || net.Channels() != whole.Channels() {
			t.Errorf("%s: maps %v, want %v", name, got, want)
		}
		broken := of(set.All()[len(set.All())-1].Name)
		_, err = features.DescribeBackbone(broken, "")
		if _, want := features.OpenBackbone(broken, ""); err == nil || err.Error() != want.Error() {
			t.Errorf("%s: got %v, want %v", name, err, want)
		}
	}
}

// TestClassifiers: the classifier of a whole network, as torchvision or timm has it, is
// no part of its maps.
func TestClassifiers(t *testing.T) {
	for head, set := range map[string]*models.ParamSet{
		"classifier.0.weight": features.VGGWeights(nil), "pre_logits.fc1.weight": features.VGGWeights(nil), "head.fc.bias": features.VGGWeights(nil),
		"classifier.weight": features.LiteWeights(nil), "conv_head.weight": features.LiteWeights(nil),
	} {
		f := checkpoint.New()
		check(t, f.AddParams("", set))
		zeros(t, f, head, 2)
		if _, err := features.DescribeBackbone(f, ""); err != nil {
			t.Errorf("%s: %v", head, err)
		}
	}
}

func check(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
