namespace Sealer.Delivery;

/// <summary>
/// Where hosts keep what deliveries need to know: beside the clusters' data, whose place a Clusterfile may choose, so that it is
/// found whatever that says.
/// </summary>
internal static class DeliveryPaths
{
    private const string Root = "/var/lib/sealer/state";

    public static string State(string cluster) => $"{Root}/{cluster}";

    public static string Lock(string cluster) => $"{State(cluster)}/lock";

    public static string Fence(string cluster) => $"{State(cluster)}/fence";

    public static string Plugins(string cluster) => $"{State(cluster)}/plugins";

    public static string Kubernetes(string cluster) => $"{State(cluster)}/kubernetes";

    /// <summary>There as long as certificates are made anew and not everything that reads them was started again.</summary>
    public static string Renewing(string cluster) => $"{Kubernetes(cluster)}/certificates.begun";

    public static string Journal(string cluster, string plan) => $"{State(cluster)}/journal-{plan}";
}
