//go:build !windows

package blob

import (
	"errors"
	"fmt"
	"os"
	"syscall"
)

// removesOpen reports whether the name of an open file can be removed.
const removesOpen = true

func isFull(err error) bool {
	return errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT)
}

func free(path string) (uint64, error) {
	var stat syscall.Statfs_t
	if err := syscall.Statfs(path, &stat); err != nil {
		return 0, fmt.Errorf("ask for free disk space: %w", err)
	}
	return stat.Bavail * uint64(stat.Bsize), nil // a block size is positive
}

// syncFolder makes the names in the folder last, not only the files' bytes.
func syncFolder(root *os.Root) error {
	folder, err := root.Open(".")
	if err != nil {
		return err
	}
	return errors.Join(folder.Sync(), folder.Close())
}
