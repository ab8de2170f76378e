using Sealer.Certificates;
using Sealer.Clusterfiles;
using Sealer.Planning;

namespace Sealer.Tests.Planning;

public sealed class CertificatePlanTests
{
    private const string Hosts = "  - {ips: [10.0.0.1, 10.0.0.2, 10.0.0.3], roles: [master]}\n  - {ips: [10.0.0.4], roles: [node]}\n";

    private static readonly string[] Known = ["127.0.0.1", "apiserver.cluster.local", "10.103.97.2", "10.0.0.1", "10.0.0.2", "10.0.0.3"];

    private static PlanRequest Request(string[] names, int planes = 3, CertificateRenewal? renewal = null, string[]? listed = null, Func<string, string[]?>? there = null)
    {
        var request = PlannerTests.Request("", Hosts) with { Renewal = renewal, ListedNames = listed };
        request = request with
        {
            Spec = request.Spec.WithApiServerNames(names),
            Hosts = [.. request.Hosts.Select((host, i) => host with
            {
                Content = host.Content! with { Lacking = 0 },
                State = host.State! with { Kubernetes = new KubernetesState { IsMember = i < planes || i == 3, IsControlPlane = i < planes, ApiServerNames = i < planes ? there is null ? Known : there(host.Name) : null } },
            })],
        };
        return request with { Kubernetes = KubernetesRequest.Of(request.Spec, KubernetesPlanTests.Image, request.Hosts, ClusterEnvironment.OfCluster(request.Spec)) };
    }

    private static List<PlanStep> Steps(PlanRequest request) => [.. Planner.Make(request).Steps.Where(step => step.Payload is CertificateRenewalPayload or KubeadmConfigPayload)];

    [Fact]
    public void A_name_more_is_told_kubeadm_first_and_then_given_to_one_API_server_after_the_other()
    {
        var steps = Steps(Request(["api.example.com"], listed: Known));
        Assert.Equal(["10.0.0.1 kubeadm-config", "10.0.0.1 certificate-renewal", "10.0.0.2 certificate-renewal", "10.0.0.3 certificate-renewal"], steps.Select(step => $"{step.Host} {step.Kind}"));
        foreach (var (before, after) in steps.Zip(steps.Skip(1)))
            Assert.Contains(before.Id, after.DependsOn);
        Assert.All(steps.Skip(1), step =>
        {
            var payload = (CertificateRenewalPayload)step.Payload;
            Assert.Contains("api.example.com", payload.Names);
            Assert.Null(payload.IssuedBefore);
            Assert.Equal(2, payload.Others.Count);
            Assert.DoesNotContain(step.Host, payload.Others);
            Assert.Contains("api.example.com", step.Why, StringComparison.Ordinal);
        });
    }

    [Fact]
    public void Where_all_of_them_have_the_names_or_nobody_can_tell_there_is_nothing_to_do()
    {
        Assert.Empty(Steps(Request([], listed: Known)));
        Assert.Empty(Steps(Request(["api.example.com"], listed: [.. Known, "api.example.com"], there: _ => [.. Known, "api.example.com"])));
        // Names are taken from nobody.
        Assert.Empty(Steps(Request([], listed: [.. Known, "old.example.com"], there: _ => [.. Known, "old.example.com"])));
        Assert.Empty(Steps(Request(["api.example.com"], listed: null, there: _ => null)));
    }

    [Fact]
    public void What_another_controller_began_is_seen_by_whoever_comes_next()
    {
        var steps = Steps(Request([], listed: [.. Known, "api.example.com"], there: host => host == "10.0.0.1" ? [.. Known, "api.example.com"] : Known));
        Assert.Equal(["10.0.0.2", "10.0.0.3"], steps.Select(step => step.Host));
    }

    [Fact]
    public void Where_it_was_cut_off_it_is_done_again_whatever_certificates_say()
    {
        var request = Request([], listed: Known);
        request = request with { Hosts = [.. request.Hosts.Select((host, i) => i == 1 ? host with { State = host.State! with { Kubernetes = host.State.Kubernetes! with { IsRenewing = true } } } : host)] };
        Assert.Equal("10.0.0.2", Assert.Single(Steps(request)).Host);
    }

    [Fact]
    public void Who_joins_waits_for_API_servers_that_are_started_again_because_of_it()
    {
        string[] two = ["127.0.0.1", "apiserver.cluster.local", "10.103.97.2", "10.0.0.1", "10.0.0.2"];
        var request = Request([], planes: 2, listed: two, there: _ => two);
        var renewed = Steps(request);
        Assert.Equal(["kubeadm-config", "certificate-renewal", "certificate-renewal"], renewed.Select(step => step.Kind));
        var join = Planner.Make(request).Steps.Single(step => step.Payload is KubeadmPayload);
        Assert.Equal("10.0.0.3", join.Host);
        Assert.Equal(renewed.Skip(1).Select(step => step.Phase), join.AfterPhases);
    }

    [Fact]
    public void A_renewal_is_of_every_control_plane_and_of_nothing_else_that_differs()
    {
        var plan = Planner.Make(Request([], planes: 2, renewal: new CertificateRenewal { IsOfAll = true, Lifetime = TimeSpan.FromDays(730) }, listed: Known) with { Kubernetes = null });
        Assert.Equal(["10.0.0.1", "10.0.0.2"], plan.Steps.Select(step => step.Host));
        Assert.All(plan.Steps, step => Assert.Equal((plan.Created, 730L * 86400), (((CertificateRenewalPayload)step.Payload).IssuedBefore!.Value, ((CertificateRenewalPayload)step.Payload).LifetimeSeconds!.Value)));
        Assert.Equal(plan.Digest, PlanFile.Read(PlanFile.Write(plan), "plan").Digest);
    }

    [Fact]
    public void Where_no_API_answers_as_when_all_is_over_certificates_come_first()
    {
        var steps = Steps(Request([], renewal: new CertificateRenewal { IsOfAll = true, SubjectAlternativeNames = ["api.example.com"] }));
        Assert.Equal(["certificate-renewal", "certificate-renewal", "certificate-renewal", "kubeadm-config"], steps.Select(step => step.Kind));
        Assert.Contains(steps[2].Id, steps[3].DependsOn);
    }

    [Fact]
    public void A_name_is_added_to_the_document_that_is_there_and_to_nothing_else()
    {
        var spec = PlannerTests.Request("---\napiVersion: kubeadm.k8s.io/v1beta2\nkind: ClusterConfiguration\ncertificatesDir: /etc/pki\napiServer: {certSANs: [one.example.com], extraArgs: {v: '2'}}\n", Hosts).Spec;
        var named = spec.WithApiServerNames(["One.example.com", "two.example.com"]);
        var text = Clusterfile.Write(named);
        Assert.Contains("two.example.com", text, StringComparison.Ordinal);
        Assert.Equal(Clusterfile.Write(spec), text.Replace(text.Split('\n').Single(line => line.Contains("two.example.com", StringComparison.Ordinal)) + "\n", "", StringComparison.Ordinal));
        Assert.Same(named, named.WithApiServerNames(["two.example.com"]));
        Assert.Single(PlannerTests.Request("", Hosts).Spec.WithApiServerNames(["10.1.2.3"]).KubeadmDocuments);
        Assert.Throws<SealerException>(() => spec.WithApiServerNames(["no name"]));
    }
}
