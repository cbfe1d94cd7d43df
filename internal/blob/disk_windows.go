package blob

import (
	"errors"
	"fmt"
	"os"
	"syscall"
	"unsafe"
)

// removesOpen reports whether the name of an open file can be removed.
const removesOpen = false

func isFull(err error) bool {
	const diskFull, handleDiskFull = syscall.Errno(112), syscall.Errno(39)
	return errors.Is(err, diskFull) || errors.Is(err, handleDiskFull)
}

func free(path string) (uint64, error) {
	name, err := syscall.UTF16PtrFromString(path)
	if err != nil {
		return 0, err
	}
	var available uint64
	ask := syscall.NewLazyDLL("kernel32.dll").NewProc("GetDiskFreeSpaceExW")
	if ok, _, err := ask.Call(uintptr(unsafe.Pointer(name)), uintptr(unsafe.Pointer(&available)), 0, 0); ok == 0 {
		return 0, fmt.Errorf("ask for free disk space: %w", err)
	}
	return available, nil
}

// syncFolder has nothing to do: NTFS writes names through its journal, and
// Windows cannot flush a folder.
func syncFolder(*os.Root) error { return nil }
