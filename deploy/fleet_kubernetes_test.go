package deploy

import (
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	policyv1 "k8s.io/api/policy/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	sigsyaml "sigs.k8s.io/yaml"
)

// kubernetes are the objects of fleet/kubernetes.yaml.
type kubernetes struct {
	pods     map[string]corev1.PodTemplateSpec // by the name of what makes them
	replicas map[string]int32
	services map[string]*corev1.Service
	maps     map[string]*corev1.ConfigMap
	budgets  []*policyv1.PodDisruptionBudget
	policies []*networkingv1.NetworkPolicy
}

// kubernetesObjects reads fleet/kubernetes.yaml. Every field is one that Kubernetes knows.
func kubernetesObjects(t *testing.T) kubernetes {
	t.Helper()
	k := kubernetes{pods: map[string]corev1.PodTemplateSpec{}, replicas: map[string]int32{},
		services: map[string]*corev1.Service{}, maps: map[string]*corev1.ConfigMap{}}
	var namespace string
	for _, o := range manifest(t, "fleet/kubernetes.yaml") {
		read := func(into any) {
			require.NoError(t, sigsyaml.UnmarshalStrict(o.json, into), "%s %s", o.Kind, o.Metadata.Name)
		}
		switch name := o.Metadata.Name; o.APIVersion + " " + o.Kind {
		case "v1 Namespace":
			namespace = name
			read(&corev1.Namespace{})
			continue
		case "v1 ConfigMap":
			k.maps[name] = &corev1.ConfigMap{}
			read(k.maps[name])
		case "v1 Service":
			k.services[name] = &corev1.Service{}
			read(k.services[name])
		case "apps/v1 Deployment":
			var d appsv1.Deployment
			read(&d)
			k.pods[name], k.replicas[name] = d.Spec.Template, *d.Spec.Replicas
			assertSelects(t, d.Spec.Selector, d.Spec.Template.Labels)
		case "apps/v1 StatefulSet":
			var s appsv1.StatefulSet
			read(&s)
			k.pods[name], k.replicas[name] = s.Spec.Template, *s.Spec.Replicas
			assertSelects(t, s.Spec.Selector, s.Spec.Template.Labels)
		case "policy/v1 PodDisruptionBudget":
			var b policyv1.PodDisruptionBudget
			read(&b)
			k.budgets = append(k.budgets, &b)
		case "networking.k8s.io/v1 NetworkPolicy":
			var p networkingv1.NetworkPolicy
			read(&p)
			k.policies = append(k.policies, &p)
		default:
			require.Fail(t, "unexpected", "%s %s", o.APIVersion, o.Kind)
		}
		assert.Equal(t, namespace, o.Metadata.Namespace, "%s %s", o.Kind, o.Metadata.Name)
	}
	require.Len(t, k.pods, 3)
	return k
}

func assertSelects(t *testing.T, s *metav1.LabelSelector, of map[string]string) {
	t.Helper()
	selector, err := metav1.LabelSelectorAsSelector(s)
	require.NoError(t, err)
	assert.True(t, selector.Matches(labels.Set(of)), "%v does not select %v", s, of)
}

// Every pod can be ended without a word and replaced, uses bounded memory, and may do
// nothing that it does not need.
func TestFleetsPodsAreConfined(t *testing.T) {
	k := kubernetesObjects(t)
	for name, pod := range k.pods {
		assert.True(t, *pod.Spec.SecurityContext.RunAsNonRoot, name)
		assert.False(t, *pod.Spec.AutomountServiceAccountToken, name)
		assert.NotNil(t, pod.Spec.SecurityContext.SeccompProfile, name)
		c := pod.Spec.Containers[0]
		assert.True(t, *c.SecurityContext.ReadOnlyRootFilesystem, name)
		assert.False(t, *c.SecurityContext.AllowPrivilegeEscalation, name)
		assert.Equal(t, []corev1.Capability{"ALL"}, c.SecurityContext.Capabilities.Drop, name)
		assert.False(t, c.Resources.Requests.Cpu().IsZero() || c.Resources.Requests.Memory().IsZero(), name)
		assert.False(t, c.Resources.Limits.Memory().IsZero(), name)
		assert.NotNil(t, c.StartupProbe, name)
		assert.NotNil(t, c.LivenessProbe, name)
		_, tag, tagged := strings.Cut(c.Image, ":")
		assert.True(t, tagged && tag != "latest", "%s: which version is %s?", name, c.Image)
		assert.Greater(t, k.replicas[name], int32(1), "%s: one pod is one too few", name)
		found := 0
		for _, b := range k.budgets {
			if b.Name == name {
				assertSelects(t, b.Spec.Selector, pod.Labels)
				found++
			}
		}
		assert.Equal(t, 1, found, "%s has no PodDisruptionBudget", name)
	}
}

// The images are those of the compose file, which says the same.
func TestFleetsImagesAgree(t *testing.T) {
	project, pods := composedFleet(t), kubernetesObjects(t).pods
	for pod, container := range map[string]string{"ratelimit": "ratelimit", "redis": "redis-1", "sentinel": "sentinel-1"} {
		assert.Equal(t, project.Services[container].Image, pods[pod].Spec.Containers[0].Image)
	}
}

// The files in the ConfigMaps are those of the folder.
func TestFleetsConfigMapsAreItsFiles(t *testing.T) {
	maps := kubernetesObjects(t).maps
	for file, data := range map[string]string{
		"domain.yaml": maps["gatewarden-domain"].Data["domain.yaml"],
		"redis.sh":    maps["gatewarden-redis"].Data["redis.sh"],
	} {
		text, err := os.ReadFile("fleet/" + file)
		require.NoError(t, err)
		assert.Equal(t, string(text), data, "fleet/kubernetes.yaml has another %s", file)
	}
}

// Each Service leads to a port of a pod that there is, also those of single pods.
func TestFleetsServicesLead(t *testing.T) {
	k := kubernetesObjects(t)
	for name, service := range k.services {
		app := service.Spec.Selector["app"]
		pod, found := k.pods[app]
		require.True(t, found, name)
		if of, single := service.Spec.Selector["statefulset.kubernetes.io/pod-name"]; single {
			assert.Equal(t, name, of)
			assert.Contains(t, podNames(app, k.replicas[app]), of)
		}
		assert.Contains(t, ports(pod), service.Spec.Ports[0].TargetPort.StrVal, name)
		assert.Equal(t, ports(pod)[service.Spec.Ports[0].TargetPort.StrVal], service.Spec.Ports[0].Port, name)
	}
	for _, app := range []string{"redis", "sentinel"} {
		for _, pod := range podNames(app, k.replicas[app]) {
			assert.Contains(t, k.services, pod, "nothing leads to it")
		}
	}
	assert.Equal(t, corev1.ClusterIPNone, k.services["ratelimit"].Spec.ClusterIP, "one connection would lead to one pod only")
}

func podNames(set string, replicas int32) (names []string) {
	for i := range replicas {
		names = append(names, fmt.Sprintf("%s-%d", set, i))
	}
	return names
}

// ports are those of a pod's container, by their names.
func ports(pod corev1.PodTemplateSpec) map[string]int32 {
	found := map[string]int32{}
	for _, p := range pod.Spec.Containers[0].Ports {
		found[p.Name] = p.ContainerPort
	}
	return found
}

func TestFleetsServiceInKubernetes(t *testing.T) {
	k := kubernetesObjects(t)
	container := k.pods["ratelimit"].Spec.Containers[0]
	settings := serviceSettings(t, environmentOf(t, container))
	assertFailoverPair(t, settings, container.VolumeMounts[0].MountPath+"/domain.yaml", func(name string, port int) bool {
		return k.services[name] != nil && k.services[name].Spec.Ports[0].Port == int32(port)
	})
	assert.Equal(t, "gatewarden-domain", k.pods["ratelimit"].Spec.Volumes[0].ConfigMap.Name)
	assert.EqualValues(t, settings.GrpcPort, ports(k.pods["ratelimit"])["grpc"])
	assert.EqualValues(t, settings.Port, ports(k.pods["ratelimit"])["http"])
	assert.Equal(t, settings.PrometheusAddr, fmt.Sprintf(":%d", ports(k.pods["ratelimit"])["metrics"]))
	for _, app := range []string{"redis", "sentinel"} {
		environment := environmentOf(t, k.pods[app].Spec.Containers[0])
		assert.Contains(t, k.services, environment["FIRST"])
		for _, sentinel := range strings.Fields(environment["SENTINELS"]) {
			assert.Contains(t, k.services, sentinel)
		}
	}
}

// environmentOf is the environment of a container. What is secret comes from a Secret,
// and the guide says how that is made.
func environmentOf(t *testing.T, container corev1.Container) map[string]string {
	t.Helper()
	environment := map[string]string{}
	for _, v := range container.Env {
		environment[v.Name] = v.Value
		secret := strings.Contains(v.Name, "AUTH") || strings.Contains(v.Name, "PASSWORD")
		if assert.Equal(t, secret, v.ValueFrom != nil && v.ValueFrom.SecretKeyRef != nil, v.Name) && secret {
			environment[v.Name] = "secret"
			assertSecretIsMade(t, "gatewarden", v.ValueFrom.SecretKeyRef.Name, v.ValueFrom.SecretKeyRef.Key)
		}
	}
	return environment
}

// Nobody may connect to anything but those who are named, and each port that a policy
// opens is one that its pods have.
func TestFleetsPoliciesAreNarrow(t *testing.T) {
	k := kubernetesObjects(t)
	for _, policy := range k.policies {
		assert.Len(t, policy.Spec.PolicyTypes, 2, policy.Name)
		if policy.Name == "nobody" {
			assert.Empty(t, policy.Spec.PodSelector.MatchLabels)
			assert.Empty(t, policy.Spec.Ingress)
			assert.Empty(t, policy.Spec.Egress)
			continue
		}
		selector, err := metav1.LabelSelectorAsSelector(&policy.Spec.PodSelector)
		require.NoError(t, err)
		open := map[string]bool{}
		for _, pod := range k.pods {
			if selector.Matches(labels.Set(pod.Labels)) {
				for name, number := range ports(pod) {
					open[name], open[fmt.Sprint(number)] = true, true
				}
			}
		}
		require.NotEmpty(t, open, "%s is for no pod", policy.Name)
		for _, rule := range policy.Spec.Ingress {
			assert.NotEmpty(t, rule.From, "%s lets everybody in", policy.Name)
			for _, port := range rule.Ports {
				assert.True(t, open[port.Port.String()], "%s opens %s, which is one of none of %v", policy.Name, port.Port, slices.Collect(maps.Keys(open)))
			}
		}
		for _, rule := range policy.Spec.Egress {
			assert.NotEmpty(t, rule.To, "%s lets everything out", policy.Name)
		}
	}
	require.Len(t, k.policies, 3)
}
