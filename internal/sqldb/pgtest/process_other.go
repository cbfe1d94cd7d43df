//go:build !unix

package pgtest

import "os/exec"

func chownToServer(string) error { return nil }

func setServerUser(*exec.Cmd) {}
