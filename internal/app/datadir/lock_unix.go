//go:build !windows

package datadir

import (
	"errors"
	"os"
	"syscall"
)

// errFileInUse is the error of a lock of another process.
const errFileInUse = syscall.EWOULDBLOCK

func openLocked(path string) (*os.File, error) {
	file, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, err
	}
	if err := syscall.Flock(int(file.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		return nil, errors.Join(err, file.Close())
	}
	return file, nil
}
