package optim_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"innate/models"
	"innate/trainer/optim"
)

// network has 10+20+30+40 values; the preset "convs" freezes two tensors.
func network() *models.ParamSet {
	set := models.NewParamSet()
	for i, name := range []string{"enc.block0.conv0.weight", "enc.block0.norm0.weight", "dec.block0.conv0.weight", "dec.block0.affine.weight"} {
		set.Add(models.NewParam(name, 10*(i+1)))
	}
	return set
}

func preset(names []string, preset string) ([]string, error) {
	switch preset {
	case "none":
		return nil, nil
	case "convs":
		return models.Match(names, "*.conv0.*")
	case "all":
		return names, nil
	}
	return nil, fmt.Errorf("freeze: preset %q, want none or convs", preset)
}

func rule(preset string, freeze, train string) optim.FreezeRule {
	return optim.FreezeRule{Preset: preset, Freeze: strings.Fields(freeze), Train: strings.Fields(train)}
}

func TestFreezeRule(t *testing.T) {
	for _, c := range []struct {
		rule   optim.FreezeRule
		frozen string
		values int64
	}{
		{rule("none", "", ""), "", 0},
		{rule("convs", "", ""), "enc.block0.conv0.weight dec.block0.conv0.weight", 40},
		{rule("convs", "enc.*", ""), "enc.block0.conv0.weight enc.block0.norm0.weight dec.block0.conv0.weight", 60},
		{rule("convs", "enc.*", "*.conv0.*"), "enc.block0.norm0.weight", 20},
		{rule("none", "*", "*affine*"), "enc.block0.conv0.weight enc.block0.norm0.weight dec.block0.conv0.weight", 60},
	} {
		f, err := c.rule.Resolve(network(), preset)
		if err != nil {
			t.Errorf("%+v: %v", c.rule, err)
			continue
		}
		want := strings.Fields(c.frozen)
		if got := f.FrozenNames(); !slices.Equal(got, want) {
			t.Errorf("%+v: frozen %v, want %v", c.rule, got, want)
		}
		if f.Params != 100 || f.FrozenParams != c.values || f.Fraction() != float64(c.values)/100 {
			t.Errorf("%+v: %d of %d values, %v", c.rule, f.FrozenParams, f.Params, f.Fraction())
		}
		if f.Tensors != 4 || f.FrozenTensors != len(want) || len(f.Trainable()) != 4-len(want) {
			t.Errorf("%+v: %d of %d tensors, %d train", c.rule, f.FrozenTensors, f.Tensors, len(f.Trainable()))
		}
		for _, p := range f.Trainable() {
			if f.Frozen(p.Name) || slices.Contains(want, p.Name) {
				t.Errorf("%+v: %s is frozen and trains", c.rule, p.Name)
			}
		}
	}
	f, err := rule("convs", "", "").Resolve(network(), preset)
	if err != nil {
		t.Fatal(err)
	}
	if got, want := f.Summary(), "40.0 % of 100 parameters frozen (2 of 4 tensors)"; got != want {
		t.Errorf("summary %q, want %q", got, want)
	}
}

func TestFreezeErrors(t *testing.T) {
	for want, r := range map[string]optim.FreezeRule{
		`pattern "enc.64x64_*" matches no parameter`: rule("none", "enc.64x64_*", ""),
		`pattern "nothing" matches no parameter`:     rule("none", "", "nothing"),
		`pattern "[" : syntax error`:                 rule("none", "[", ""),
		`preset "convz", want none or convs`:         rule("convz", "", ""),
		"all 4 tensors are frozen":                   rule("all", "", ""),
	} {
		want = strings.Replace(want, `" :`, `":`, 1)
		if _, err := r.Resolve(network(), preset); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want %q", err, want)
		}
	}
}

func TestToggle(t *testing.T) {
	const conv, norm, affine = "enc.block0.conv0.weight", "enc.block0.norm0.weight", "dec.block0.affine.weight"
	for _, c := range []struct {
		start  optim.FreezeRule
		toggle string
		want   optim.FreezeRule
	}{
		{rule("convs", "", ""), norm, rule("convs", norm, "")},
		{rule("convs", norm, ""), norm, rule("convs", "", "")},
		{rule("convs", "", ""), conv, rule("convs", "", conv)},
		{rule("convs", "", conv), conv, rule("convs", "", "")},
		{rule("none", "enc.*", ""), norm, rule("none", "enc.*", norm)},
		{rule("convs", "", ""), conv + " " + norm + " " + affine, rule("convs", affine+" "+norm, conv)},
	} {
		names := strings.Fields(c.toggle)
		got, err := c.start.Toggle(network(), preset, names...)
		if err != nil || !got.Equal(c.want) {
			t.Errorf("%+v toggle %s: %+v, %v; want %+v", c.start, c.toggle, got, err, c.want)
			continue
		}
		before, err := c.start.Resolve(network(), preset)
		if err != nil {
			t.Fatal(err)
		}
		after, err := got.Resolve(network(), preset)
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range network().Names() {
			if changed := before.Frozen(name) != after.Frozen(name); changed != slices.Contains(names, name) {
				t.Errorf("%+v toggle %s: %s changed %v", c.start, c.toggle, name, changed)
			}
		}
	}
}

func TestToggleErrors(t *testing.T) {
	for _, c := range []struct {
		rule   optim.FreezeRule
		toggle []string
		want   string
	}{
		{rule("convs", "", ""), nil, "no parameter to toggle"},
		{rule("convs", "", ""), []string{"enc.*"}, `no parameter "enc.*"`},
		{rule("convs", "", "enc.*"), []string{"enc.block0.conv0.weight"}, `kept training by pattern "enc.*"`},
		{rule("convz", "", ""), []string{"enc.block0.conv0.weight"}, `preset "convz"`},
	} {
		got, err := c.rule.Toggle(network(), preset, c.toggle...)
		if err == nil || !strings.Contains(err.Error(), c.want) || !got.Equal(c.rule) {
			t.Errorf("%v: rule %+v, error %v, want %q", c.toggle, got, err, c.want)
		}
	}
}
