package loop

import (
	"fmt"
	"slices"

	"innate/configs"
	"innate/metrics"
	"innate/trainer/run"
)

// Judges tells under which keys and names runs of a configuration log what its judges
// say, without values, the judge that decides first. Relative paths count from dir. It
// opens the judges' networks, whose weights the names are of, and measures nothing.
func Judges(cfg *configs.Config, dir string) (list []run.Measured, err error) {
	l := &Loop{cfg: cfg, dir: dir}
	for k := range cfg.Judges() {
		network, err := l.openFeatures(k)
		if err != nil {
			return nil, err
		}
		statistic, err := metrics.Statistics.Get(cfg.Judge(k).Statistic)
		if err != nil {
			key := configs.JudgeName(k) + ".statistic"
			return nil, cfg.At(key, fmt.Errorf("%s: %w", key, err))
		}
		m := run.Measured{Key: l.scalarOf(k), Name: statistic.Label(network.Label), Rises: statistic.Rises}
		if k == l.bestJudge() {
			list = slices.Insert(list, 0, m)
		} else {
			list = append(list, m)
		}
	}
	return list, nil
}
