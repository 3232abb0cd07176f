module github.com/gatewarden/gatewarden/bench/guest

// No dependency and Go 1.23, so that TinyGo builds it, too. The files that
// export functions under standard Go raise the language by their build line.
go 1.23
