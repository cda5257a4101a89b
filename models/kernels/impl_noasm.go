//go:build !(amd64 || arm64) || purego

package kernels

// assembly lists the assembly implementations: none in this build.
func assembly() []*impl { return nil }
