using System.Text.Json.Nodes;
using Sealer.Certificates;
using Sealer.Clusterfiles.Documents;
using Sealer.Kubernetes.Kubeadm;

namespace Sealer.Planning;

/// <summary>The steps that give certificates of a cluster that stands more names, or make them anew.</summary>
internal sealed partial class PlanSteps
{
    private const string KubeadmConfigPhase = "kubeadm-config";
    private const string RenewalPhase = "certificate-renewal";
    // A container that was stopped often is started again only after five minutes.
    private const int RenewalTimeout = 420;

    private static readonly TimeSpan RenewalTime = TimeSpan.FromSeconds(20);

    /// <summary>Names that the API servers' certificates shall have besides kubeadm's own, as far as Clusterfile and image say.</summary>
    public static IReadOnlyList<string> ApiNamesOf(PlanRequest request) => SubjectName.Distinct(
        (request.Kubernetes?.Kubeadm.ApiServerSans ?? NamesIn(request.Spec)).Concat(request.Renewal?.SubjectAlternativeNames ?? []), "apiserver");

    /// <summary>kubeadm's folder of certificates, as far as Clusterfile and image say.</summary>
    public static CertificatePaths PathsOf(PlanRequest request)
    {
        var said = request.Kubernetes?.Kubeadm.CertificatesFolder ?? request.Spec.KubeadmDocuments.LastOrDefault(document => document.Kind == KubeadmKinds.Cluster)?.Content["certificatesDir"]?.ToString();
        return string.IsNullOrEmpty(said) ? new CertificatePaths() : new CertificatePaths { PkiFolder = said.TrimEnd('/') };
    }

    private static IEnumerable<string> NamesIn(ClusterSpec spec) => spec.KubeadmDocuments.LastOrDefault(document => document.Kind == KubeadmKinds.Cluster)?.Content["apiServer"] is JsonObject server && server["certSANs"] is JsonArray names
        ? names.Select(name => name?.ToString()).OfType<string>()
        : [];

    // One control plane after the other, so that the API answers all the time. kubeadm is told first, where it can be: whoever goes on
    // where this ends, from whatever machine, sees there what was wanted.
    private void Renewals()
    {
        var planes = _known.Where(host => host.Spec.IsControlPlane && host.State!.Kubernetes?.IsControlPlane == true).ToList();
        if (planes.Count == 0)
            return;
        var renewal = request.Renewal;
        var names = ApiNamesOf(request);
        var unlisted = SubjectName.Missing(names, request.ListedNames ?? []);
        var isListing = unlisted.Count > 0 && (request.ListedNames is not null || renewal?.SubjectAlternativeNames.Count > 0);
        names = SubjectName.Distinct([.. names, .. request.ListedNames ?? []], "apiserver");
        var isSilent = request.ListedNames is null;
        string? last = null;
        if (isListing && !isSilent)
            last = KubeadmConfig(planes[0], names, unlisted, last);
        var number = 0;
        foreach (var host in planes)
        {
            if (WhyRenewed(host, names) is not { } why)
                continue;
            Kubernetes(
                host, $"{RenewalPhase} {++number}",
                new CertificateRenewalPayload
                {
                    Names = names,
                    IssuedBefore = renewal?.IsOfAll == true ? request.Created : null,
                    LifetimeSeconds = renewal?.Lifetime is { } lifetime ? (long)lifetime.TotalSeconds : null,
                    Others = [.. planes.Where(other => other != host).Select(other => other.Name)],
                    TimeoutSeconds = RenewalTimeout,
                },
                new Words(
                    renewal?.IsOfAll == true ? "Make certificates and kubeconfigs anew, and start what reads them again" : "Give the API server a certificate with more names",
                    why, PlanRisk.Medium, request.Rates.Step + RenewalTime),
                last is null ? [] : [last]);
            last = _last[host.Name];
        }

        if (isListing && isSilent)
            KubeadmConfig(planes[0], names, unlisted, last);
    }

    private string KubeadmConfig(ObservedHost host, IReadOnlyList<string> names, IReadOnlyList<string> unlisted, string? last)
    {
        Kubernetes(
            host, KubeadmConfigPhase, new KubeadmConfigPayload { Names = names },
            new Words("Tell kubeadm, in the cluster, the names of the API servers' certificates", $"its own settings lack {Some(unlisted, unlisted.Count)}", PlanRisk.Low, request.Rates.Step),
            last is null ? [] : [last]);
        return _last[host.Name];
    }

    private string? WhyRenewed(ObservedHost host, IReadOnlyList<string> names)
    {
        if (request.Renewal?.IsOfAll == true)
            return "its renewal was asked for";
        if (host.State!.Kubernetes!.IsRenewing)
            return "making certificates anew was begun there and cut off";
        // A host that does not tell what its API server has is nobody's to change unasked.
        if (host.State.Kubernetes.ApiServerNames is not { } there)
            return request.Renewal is null ? null : "the API server's certificate there could not be read";
        return SubjectName.Missing(names, there) is { Count: > 0 } missing ? $"the API server's certificate lacks {Some(missing, missing.Count)}" : null;
    }
}
