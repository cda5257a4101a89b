package tuitest

import "innate/configs"

// What a program that trains says of its registries.
func init() {
	for key, names := range map[string][]string{
		"data.dataset": {"mnist", "files"}, "model.arch": {"ddpmpp", "ncsnpp"}, "disc.loss": {"ns", "hinge"}, "fid.statistic": {"fid"}, "model.network": {"none", "cifar10-32x32-uncond-ve"},
	} {
		configs.KnownNames(key, func() []string { return names })
	}
}
