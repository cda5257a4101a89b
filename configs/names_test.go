package configs_test

import "innate/configs"

// What programs that train bring.
func init() {
	for key, names := range map[string][]string{
		"data.dataset": {"mnist", "files"}, "model.arch": {"ddpmpp", "ncsnpp"}, "disc.loss": {"ns", "hinge"}, "fid.statistic": {"fid"}, "fid.input": {"own", "edm"}, "model.network": {"none", "cifar10-32x32-uncond-ve"},
	} {
		configs.KnownNames(key, func() []string { return names })
	}
}
