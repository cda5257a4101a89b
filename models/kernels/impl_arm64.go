//go:build arm64 && !purego

package kernels

//go:generate ./_asm/regen.sh

// assembly lists the assembly implementations: every 64-bit ARM has NEON.
func assembly() []*impl { return []*impl{&neon} }
