package sweep

import (
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"innate/configs"
	"innate/trainer/run"
)

// ErrOther is the error of continuing a sweep with another of its name.
var ErrOther = errors.New("of another sweep")

// Continue takes over what has become of the points of an earlier plan of the same
// name. Points and seeds may have been added; one that has runs must be as it was.
func (p *Plan) Continue(old *Plan, begun func(runName string) bool) error {
	for _, was := range old.Points {
		i := slices.IndexFunc(p.Points, func(q Point) bool { return q.Name == was.Name })
		if i < 0 && was.Round > 1 {
			p.Points = append(p.Points, was)
			continue
		}
		if i >= 0 {
			p.Points[i].Dropped = was.Dropped
		}
		for _, seed := range old.Seeds {
			name := old.RunName(was, seed)
			if !begun(name) {
				continue
			}
			if i < 0 || !slices.Contains(p.Seeds, seed) {
				return fmt.Errorf("sweep: %s: has the run %s, %w: this has no such point and seed: want them, or another name", p.Name, name, ErrOther)
			}
			before, err := old.Config(was, seed)
			if err != nil {
				return err
			}
			now, err := p.Config(p.Points[i], seed)
			if err != nil {
				return err
			}
			if err := sameRun(before, now); err != nil {
				return fmt.Errorf("sweep: %s: has the run %s, %w: %w: want the settings as they were, or another name", p.Name, name, ErrOther, err)
			}
		}
	}
	if len(p.Points) == len(old.Points) && slices.Equal(p.Stop.AtKimg, old.Stop.AtKimg) {
		p.Rung = old.Rung
	}
	return nil
}

// free are settings on which no number of a run depends.
var free = []string{"name", "run.threads", "run.nice", "run.tensorboard"}

// isFree reports whether no number depends on a setting, such as who is told of alerts.
func isFree(key string) bool { return slices.Contains(free, key) || strings.HasPrefix(key, "alerts.") }

// ofInputs reports whether a setting's value, in TOML notation, names the copy of a file
// that a run has: nobody can tell by it which file that was.
func ofInputs(value string) bool { return strings.HasPrefix(value, `"`+run.InputsDir+"/") }

// sameRun refuses settings of which a run's numbers would differ. A run has copies of
// the files that its settings name.
func sameRun(a, b *configs.Config) error {
	for _, c := range configs.Diff(a, b) {
		if isFree(c.Key) || ofInputs(c.Old) {
			continue
		}
		return fmt.Errorf("%s: got %s, want %s", c.Key, c.Old, c.New)
	}
	return nil
}

// Adoptable refuses a run directory that is there already under the name of a point's
// run, but has other settings or belongs to others.
func (p *Plan) Adoptable(dir string, point Point, seed uint64) error {
	about, err := run.ReadAbout(dir)
	if err != nil {
		return err
	}
	if about.Group == p.Name && about.Point == point.Name {
		return nil // whose settings somebody may have changed since
	}
	if about.Group != "" {
		return fmt.Errorf("sweep: %s: belongs to %s, want another name for this sweep", dir, about.Group)
	}
	have, err := configs.Load(filepath.Join(dir, run.ConfigFile))
	if err != nil {
		return err
	}
	want, err := p.Config(point, seed)
	if err != nil {
		return err
	}
	if err := sameRun(have, want); err != nil {
		return fmt.Errorf("sweep: %s: a run already, of other settings: %w", dir, err)
	}
	return nil
}
