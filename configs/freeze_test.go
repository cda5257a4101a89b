package configs_test

import (
	"fmt"
	"strings"
	"testing"

	"innate/configs"
)

const scheduled = `method = "gdd"
[freeze]
preset = "gdd-i" # the paper's

# thaw late
[[freeze.schedule]]
at_kimg = 20 # warm by then
preset = "none"

[live]
gen_lr = 1e-3
`

func parse(t *testing.T, text string) *configs.Config {
	t.Helper()
	c, err := configs.Parse("x.toml", text)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// TestInForce: which table is in force depends on the images seen alone, and an entry
// says all of it.
func TestInForce(t *testing.T) {
	c := parse(t, scheduled+"[[freeze.schedule]]\nat_kimg = 30.5\nfreeze = ['dec.*']\n")
	for _, tt := range []struct {
		nimg         int64
		entry        int
		preset, next string
	}{
		{0, -1, "gdd-i", `{at_kimg = 20.0, preset = "none"}`},
		{19_999, -1, "gdd-i", `{at_kimg = 20.0, preset = "none"}`},
		{20_000, 0, "none", `{at_kimg = 30.5, preset = "none", freeze = ["dec.*"]}`},
		{30_500, 1, "none", ""},
	} {
		table, entry := c.Freeze.InForce(tt.nimg)
		next := ""
		if e, ok := c.Freeze.Next(tt.nimg); ok {
			next = e.String()
		}
		if entry != tt.entry || table.Preset != tt.preset || table.Schedule != nil || next != tt.next {
			t.Errorf("%d images: entry %d, %+v, next %s, want entry %d, preset %s, next %s", tt.nimg, entry, table, next, tt.entry, tt.preset, tt.next)
		}
	}
}

// TestSetSchedule: entries are added, changed and removed where they stand, and
// nothing else of the text changes.
func TestSetSchedule(t *testing.T) {
	e := func(at float64, preset string, freeze ...string) configs.FreezeFrom {
		return configs.FreezeFrom{AtKimg: at, Preset: preset, Freeze: freeze}
	}
	const base = "method = \"gdd\"\n[freeze]\npreset = \"gdd-i\"\n"
	for _, tt := range []struct {
		name, text string
		to         configs.Schedule
		want       string
	}{
		{"add behind", scheduled, configs.Schedule{e(20, "none"), e(40, "norms", "dec.*")}, strings.Replace(scheduled, "\n[live]",
			"\n[[freeze.schedule]]\nat_kimg = 40.0\npreset = \"norms\"\nfreeze = [\"dec.*\"]\n\n[live]", 1)},
		{"add before", scheduled, configs.Schedule{e(10, "norms"), e(20, "none")}, strings.Replace(scheduled, "[[freeze.schedule]]",
			"[[freeze.schedule]]\nat_kimg = 10.0\npreset = \"norms\"\n\n[[freeze.schedule]]", 1)},
		{"change", scheduled, configs.Schedule{e(20, "norms", "dec.*")}, strings.Replace(scheduled, "preset = \"none\"",
			"preset = \"norms\"\nfreeze = [\"dec.*\"]", 1)},
		{"remove", scheduled, nil, "method = \"gdd\"\n[freeze]\npreset = \"gdd-i\" # the paper's\n\n# thaw late\n\n[live]\ngen_lr = 1e-3\n"},
		{"first", base, configs.Schedule{e(5, "none")}, base + "\n[[freeze.schedule]]\nat_kimg = 5.0\npreset = \"none\"\n"},
		{"no table", "method = \"gdd\"", configs.Schedule{e(5, "none")}, "method = \"gdd\"\n\n[freeze]\npreset = \"gdd-i\"\n\n[[freeze.schedule]]\nat_kimg = 5.0\npreset = \"none\"\n"},
		{"list", base + "schedule = []\n", configs.Schedule{e(5, "none")}, base + "schedule = [{at_kimg = 5.0, preset = \"none\"}]\n"},
	} {
		f := parse(t, tt.text).Freeze
		f.Schedule = tt.to
		got, err := configs.SetFreeze(tt.text, f)
		if err != nil || got != tt.want {
			t.Errorf("%s: %v, got\n%s\nwant\n%s", tt.name, err, got, tt.want)
		} else if again := parse(t, got).Freeze; fmt.Sprint(again.Schedule) != fmt.Sprint(tt.to) {
			t.Errorf("%s: reads back as %v", tt.name, again.Schedule)
		}
	}
	got, err := configs.Set(scheduled, "freeze.schedule", `[{at_kimg = 7, freeze = ["enc.*"]}]`)
	if err != nil || fmt.Sprint(parse(t, got).Freeze.Schedule) != `[{at_kimg = 7.0, preset = "none", freeze = ["enc.*"]}]` {
		t.Errorf("set: %v\n%s", err, got)
	}
}

// TestSetRates likewise, for the lines of [rates].
func TestSetRates(t *testing.T) {
	const base = "method = \"gdd\"\n[rates]\n\"enc.*\" = 0.5 # slow\n'dec.*' = 0.1\n\n[live]\ngen_lr = 1e-3\n"
	for _, tt := range []struct{ key, value, want string }{
		{"rates.dec.*", "0.2", strings.Replace(base, "0.1", "0.2", 1)},
		{"rates.enc.*", "0.2", strings.Replace(strings.Replace(base, "\"enc.*\" = 0.5 # slow\n", "", 1), "0.1\n", "0.1\n\"enc.*\" = 0.2\n", 1)},
		{"rates.map.*", "1", strings.Replace(base, "0.1\n", "0.1\n\"map.*\" = 1.0\n", 1)},
		{"rates", `{"dec.*" = 0.3}`, strings.Replace(strings.Replace(base, "\"enc.*\" = 0.5 # slow\n", "", 1), "0.1", "0.3", 1)},
		{"rates", "{}", "method = \"gdd\"\n[rates]\n\n[live]\ngen_lr = 1e-3\n"},
	} {
		if got, err := configs.Set(base, tt.key, tt.value); err != nil || got != tt.want {
			t.Errorf("%s = %s: %v, got\n%s\nwant\n%s", tt.key, tt.value, err, got, tt.want)
		}
	}
	if got, err := configs.Set("method = \"gdd\"\n", "rates.dec.*", "0.1"); err != nil || got != "method = \"gdd\"\n\n[rates]\n\"dec.*\" = 0.1\n" {
		t.Errorf("first: %v, got\n%s", err, got)
	}
	if _, err := configs.Set(base, "rates.dec.*", "slow"); err == nil || err.Error() != `configs: rates.dec.*: got "slow", want a finite number` {
		t.Errorf("got %v", err)
	}
}

// TestFaultHalfASchedule: a text that lacks the schedule or rates may be half of what
// its writer means to say.
func TestFaultHalfASchedule(t *testing.T) {
	text := scheduled + "[rates]\n\"dec.*\" = 0.1\n"
	old := parse(t, text)
	for _, tt := range []struct{ text, want string }{
		{strings.Split(text, "[[")[0] + "[live]\ngen_lr = 1e-3\n[rates]\n'dec.*' = 0.1\n", "x.toml:2: freeze.schedule: got nothing"},
		{scheduled + "[rates]\n", `x.toml:12: rates: got no line for "dec.*"`},
	} {
		if _, err := configs.Reload("x.toml", tt.text, old); err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("got %v, want %s", err, tt.want)
		}
		if _, err := configs.Rewrite("x.toml", tt.text, old); err != nil {
			t.Errorf("of this program: %v", err)
		}
	}
}

// TestRule: the table [freeze.rule] is written beside a schedule, and stays when the
// schedule or the table in force is edited.
func TestRule(t *testing.T) {
	text := "method = \"gdd\"\n[freeze]\npreset = \"gdd-i\"\n\n[[freeze.schedule]]\nat_kimg = 20.0\npreset = \"none\"\n"
	var err error
	for _, s := range []struct{ key, value string }{{"freeze.rule.every_kimg", "4"}, {"thaw", "2"}, {"freeze.rule.group", "kind"}} {
		if text, err = configs.Set(text, s.key, s.value); err != nil {
			t.Fatal(err)
		}
	}
	c, err := configs.Parse("a.toml", text)
	if err != nil {
		t.Fatalf("%v\n%s", err, text)
	}
	want := configs.FreezeRule{EveryKimg: 4, Thaw: 2, Group: configs.GroupKind}
	if c.Freeze.Rule != want || len(c.Freeze.Schedule) != 1 {
		t.Errorf("rule %+v, %d entries in\n%s", c.Freeze.Rule, len(c.Freeze.Schedule), text)
	}
	for _, nimg := range []int64{0, 20_000} {
		table, _ := c.Freeze.InForce(nimg)
		table.Train = []string{"dec.*"}
		next := c.Freeze.With(nimg, table)
		next.Schedule = append(next.Schedule, configs.FreezeFrom{AtKimg: 40, Preset: "norms"})
		edited, err := configs.SetFreeze(text, next)
		if err != nil {
			t.Fatal(err)
		}
		got, err := configs.Parse("b.toml", edited)
		if err != nil || got.Freeze.Rule != want || next.Rule != want || len(got.Freeze.Schedule) != 2 {
			t.Errorf("at %d images: %v, rule %+v in\n%s", nimg, err, next.Rule, edited)
		}
	}
	if !configs.IsLive("freeze.rule.freeze_below") {
		t.Error("the rule is fixed, want it live")
	}
}
