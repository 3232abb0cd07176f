package envoy

import (
	"fmt"
	"os"
	"path/filepath"
)

// Repository is the closest folder, from here upwards, that has an envoy.yaml.
func Repository() (string, error) {
	here, err := os.Getwd()
	if err != nil {
		return "", err
	}
	for dir := here; ; dir = filepath.Dir(dir) {
		if _, err := os.Stat(filepath.Join(dir, "envoy.yaml")); err == nil {
			return dir, nil
		}
		if dir == filepath.Dir(dir) {
			return "", fmt.Errorf("there is no envoy.yaml in %s or above: run this in Gatewarden's repository", here)
		}
	}
}
