using System.Text.Json.Nodes;
using Sealer.Apps;

namespace Sealer.Tests.Apps;

public sealed class WorkloadTests
{
    private static Workload Read(string kind, string spec, string status, string api = "apps/v1") => Assert.Single(Workload.Read(
        $$$"""{"apiVersion": "{{{api}}}", "kind": "{{{kind}}}", "metadata": {"name": "it", "namespace": "ns", "generation": 2}, "spec": {{{spec}}}, "status": {{{status}}}}"""));

    // As kubectl rollout status says it (staging/src/k8s.io/kubectl/pkg/polymorphichelpers/rollout_status.go).
    [Theory]
    [InlineData("Deployment", "{\"replicas\": 2}", "{\"observedGeneration\": 2, \"replicas\": 2, \"updatedReplicas\": 2, \"readyReplicas\": 2, \"availableReplicas\": 2}", true, "2/2")]
    [InlineData("Deployment", "{\"replicas\": 2}", "{\"observedGeneration\": 1, \"replicas\": 2, \"updatedReplicas\": 2, \"readyReplicas\": 2, \"availableReplicas\": 2}", false, "2/2")]
    [InlineData("Deployment", "{\"replicas\": 2}", "{\"observedGeneration\": 2, \"replicas\": 3, \"updatedReplicas\": 2, \"readyReplicas\": 2, \"availableReplicas\": 2}", false, "2/2")]
    [InlineData("Deployment", "{\"replicas\": 2}", "{\"observedGeneration\": 2, \"replicas\": 2, \"updatedReplicas\": 2, \"readyReplicas\": 1, \"availableReplicas\": 1}", false, "1/2")]
    [InlineData("Deployment", "{\"replicas\": 0}", "{\"observedGeneration\": 2}", true, "0/0")]
    [InlineData("Deployment", "{}", "{}", false, "0/1")]
    [InlineData("StatefulSet", "{\"replicas\": 2}", "{\"observedGeneration\": 2, \"readyReplicas\": 2, \"currentRevision\": \"a\", \"updateRevision\": \"a\"}", true, "2/2")]
    [InlineData("StatefulSet", "{\"replicas\": 2}", "{\"observedGeneration\": 2, \"readyReplicas\": 2, \"currentRevision\": \"a\", \"updateRevision\": \"b\"}", false, "2/2")]
    [InlineData("StatefulSet", "{\"replicas\": 3, \"updateStrategy\": {\"rollingUpdate\": {\"partition\": 2}}}", "{\"observedGeneration\": 2, \"readyReplicas\": 3, \"updatedReplicas\": 1, \"currentRevision\": \"a\", \"updateRevision\": \"b\"}", true, "3/3")]
    [InlineData("StatefulSet", "{\"replicas\": 2, \"updateStrategy\": {\"type\": \"OnDelete\"}}", "{\"observedGeneration\": 2, \"readyReplicas\": 2, \"currentRevision\": \"a\", \"updateRevision\": \"b\"}", true, "2/2")]
    [InlineData("DaemonSet", "{}", "{\"observedGeneration\": 2, \"desiredNumberScheduled\": 3, \"updatedNumberScheduled\": 3, \"numberReady\": 3, \"numberAvailable\": 3}", true, "3/3")]
    [InlineData("DaemonSet", "{}", "{\"observedGeneration\": 2, \"desiredNumberScheduled\": 3, \"updatedNumberScheduled\": 1, \"numberReady\": 3, \"numberAvailable\": 3}", false, "3/3")]
    [InlineData("DaemonSet", "{}", "{}", false, "0/0")]
    public void It_is_ready_when_kubectl_says_so(string kind, string spec, string status, bool isReady, string counts)
    {
        var found = Read(kind, spec, status);
        Assert.Equal((isReady, counts), (found.IsReady, $"{found.Ready}/{found.Wanted}"));
    }

    [Theory]
    [InlineData("{\"conditions\": [{\"type\": \"Complete\", \"status\": \"True\"}], \"succeeded\": 1}", true, false)]
    [InlineData("{\"active\": 1}", false, false)]
    [InlineData("{\"conditions\": [{\"type\": \"Failed\", \"status\": \"True\", \"reason\": \"BackoffLimitExceeded\", \"message\": \"too often\"}]}", false, true)]
    public void A_job_is_ready_when_it_is_complete_and_never_once_it_has_failed(string status, bool isReady, bool hasFailed)
    {
        var found = Read("Job", "{}", status, "batch/v1");
        Assert.Equal((isReady, hasFailed, hasFailed ? "BackoffLimitExceeded: too often" : ""), (found.IsReady, found.HasFailed, found.Message));
    }

    [Fact]
    public void A_pod_of_its_own_is_ready_or_has_ended_well()
    {
        Assert.True(Read("Pod", "{}", "{\"phase\": \"Succeeded\"}", "v1").IsReady);
        Assert.True(Read("Pod", "{}", "{\"phase\": \"Running\", \"conditions\": [{\"type\": \"Ready\", \"status\": \"True\"}]}", "v1").IsReady);
        Assert.False(Read("Pod", "{}", "{\"phase\": \"Pending\"}", "v1").IsReady);
    }

    [Fact]
    public void Its_pods_are_found_by_what_selects_them()
    {
        var found = Read("Deployment", """{"selector": {"matchLabels": {"app": "site"}, "matchExpressions": [{"key": "tier", "operator": "In", "values": ["a", "b"]}, {"key": "x", "operator": "Exists"}, {"key": "y", "operator": "DoesNotExist"}, {"key": "z", "operator": "NotIn", "values": ["c"]}]}}""", "{}");
        Assert.Equal("app=site,tier in (a,b),x,!y,z notin (c)", found.Selector);
    }

    [Theory]
    [InlineData("nonsense")]
    [InlineData("[]")]
    [InlineData("{\"items\": [{}]}")]
    [InlineData("{\"apiVersion\": \"v1\", \"kind\": \"Pod\", \"metadata\": \"x\"}")]
    [InlineData("{\"apiVersion\": \"v1\", \"kind\": \"Pod\", \"metadata\": {\"name\": \"--all\"}}")]
    public void What_is_no_list_of_them_is_told(string json) => Assert.Throws<FormatException>(() => Workload.Read(json));

    [Fact]
    public void Objects_are_read_as_kubectl_prints_them_and_named_as_it_takes_them()
    {
        var objects = AppObject.Read("""
            apps/v1   Deployment    default   site
            v1        Service       default   site
            v1        Namespace     <none>    shop
            rbac.authorization.k8s.io/v1   ClusterRole   <none>   system:site
            v1        Secret        default   --all
            release default
            v1        Service       default   site
            """);
        Assert.Equal(["Deployment.v1.apps/site", "Service.v1./site", "Namespace.v1./shop", "ClusterRole.v1.rbac.authorization.k8s.io/system:site"], objects.Select(each => each.Argument));
        Assert.Equal(["site"], objects.Where(each => each.IsWorkload).Select(each => each.Name));
        Assert.Equal(objects, objects.Select(each => AppObject.Of($"{each}")!));
    }

    [Fact]
    public void What_is_kept_of_an_application_comes_back_and_what_was_kept_before_is_its_digest()
    {
        var record = new AppRecord("sha256:1") { Progress = AppProgress.Late, Type = "kube", Image = "a/b:v1", ImageDigest = "sha256:2", Folder = "/x", Launched = DateTimeOffset.UnixEpoch, Namespace = "ns", Objects = [new AppObject("apps", "v1", "Deployment", "ns", "site")] };
        var read = AppRecord.Read($"{record}");
        Assert.Equal($"{record}", $"{read}");
        Assert.Equal(record with { Objects = null }, read with { Objects = null });
        Assert.Equal(new AppRecord("sha256:1"), AppRecord.Read("sha256:1"));
        Assert.Equal("sha256:1", $"{new AppRecord("sha256:1")}");
        Assert.Equal("sha256:1", AppRecord.Read("sha256:1 {broken").Digest);
        Assert.Equal(AppProgress.Done, AppRecord.Read("sha256:1 {\"progress\": 7, \"objects\": {\"a\": 1}, \"image\": []}").Progress);
    }

    [Theory]
    [InlineData("""{"phase": "Pending", "conditions": [{"type": "PodScheduled", "status": "False", "reason": "Unschedulable", "message": "0/1 nodes are available"}]}""", "Pending: Unschedulable: 0/1 nodes are available", null)]
    [InlineData("""{"phase": "Pending", "containerStatuses": [{"name": "a", "ready": true, "state": {"running": {}}}, {"name": "b", "restartCount": 0, "state": {"waiting": {"reason": "ImagePullBackOff", "message": "Back-off pulling image"}}}]}""", "ImagePullBackOff: Back-off pulling image", null)]
    [InlineData("""{"phase": "Running", "containerStatuses": [{"name": "b", "restartCount": 3, "lastState": {"terminated": {"exitCode": 4}}, "state": {"waiting": {"reason": "CrashLoopBackOff", "message": "back-off"}}}]}""", "CrashLoopBackOff: back-off (it ended with exit code 4)", "b")]
    [InlineData("""{"phase": "Running", "containerStatuses": [{"name": "b", "ready": false, "restartCount": 0, "state": {"running": {}}}]}""", "its container b runs and is not ready", "b")]
    [InlineData("""{"phase": "Failed", "reason": "Evicted", "message": "low on memory"}""", "Evicted: low on memory", null)]
    [InlineData("""{"phase": "Failed", "containerStatuses": [{"name": "b", "state": {"terminated": {"exitCode": 3, "reason": "Error"}}}]}""", "Error (exit code 3)", "b")]
    public void The_trouble_of_a_pod_is_told_in_the_words_of_who_knows_it(string status, string reason, string? container)
    {
        var pod = (JsonObject)JsonNode.Parse($$$"""{"metadata": {"name": "p"}, "spec": {"nodeName": "n"}, "status": {{{status}}}}""")!;
        var well = (JsonObject)JsonNode.Parse("""{"metadata": {"name": "w"}, "status": {"conditions": [{"type": "Ready", "status": "True"}]}}""")!;
        var begun = (JsonObject)JsonNode.Parse("""{"metadata": {"name": "c"}, "status": {"phase": "Pending", "containerStatuses": [{"name": "b", "state": {"waiting": {"reason": "ContainerCreating"}}}]}}""")!;
        var trouble = PodTrouble.Worst([well, begun, pod])!;
        Assert.Equal(("p", reason, container), (trouble.Pod, trouble.Reason, trouble.Container));
        Assert.Null(PodTrouble.Worst([well]));
    }
}
