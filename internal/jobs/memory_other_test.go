//go:build !linux

package jobs_test

func exhaustMemory() {}
