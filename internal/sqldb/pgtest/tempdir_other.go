//go:build !linux

package pgtest

func tempDir() string { return "" }
