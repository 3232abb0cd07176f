// Package config turns the plugin's JSON configuration into a validated,
// compiled [Config], or into an [Error] that lists everything wrong with it.
//
// # The life of a configuration
//
//		JSON ──► syntax ──► parse ──► environment ──► validate ──► *Config
//		         one place  each key,  overrides      rules between
//		                    defaults                  the fields
//
//	  - syntax: the text is UTF-8 and JSON; the first place where it is not ends
//	    the way here, since nothing after it can be trusted.
//	  - parse: every object starts as its defaults, then the keys that are there
//	    are read over them. Unknown, duplicate and mistyped keys are violations,
//	    and so is a value that can never be right.
//	  - environment: variables of the VM replace single values, see [Parse].
//	  - validate: rules between fields, for instance that every match of a
//	    surface can be reached.
//
// The configuration of an operations endpoint goes another way after the parse: it
// has nothing beside admin and log, and the environment is not for it.
//
// A broken value is reported once: what depends on it is not judged. All other
// violations are reported together, so that one attempt shows them all.
//
// What is valid but dangerous is told by [Config.Warnings].
//
// Every key, its default and its danger: docs/configuration.md. The same for
// editors: schema.json. Both are tested against this package.
package config
