//go:build !windows

package blob

import (
	"errors"
	"fmt"
	"os"
	"syscall"
)

// canRemoveOpen reports whether an open file can be unlinked.
const canRemoveOpen = true

func isFull(err error) bool {
	return errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT)
}

func free(path string) (uint64, error) {
	var stat syscall.Statfs_t
	if err := syscall.Statfs(path, &stat); err != nil {
		return 0, fmt.Errorf("get free disk space: %w", err)
	}
	return stat.Bavail * uint64(stat.Bsize), nil // a block size is positive
}

// syncDir makes renames in the directory durable.
func syncDir(root *os.Root) error {
	dir, err := root.Open(".")
	if err != nil {
		return err
	}
	return errors.Join(dir.Sync(), dir.Close())
}
