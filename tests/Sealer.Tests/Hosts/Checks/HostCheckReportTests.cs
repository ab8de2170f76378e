using System.Xml.Linq;
using Sealer.Hosts.Checks;

namespace Sealer.Tests.Hosts.Checks;

public sealed class HostCheckReportTests
{
    [Fact]
    public async Task A_file_that_agents_read_holds_a_case_for_each_host_and_check()
    {
        var folder = Directory.CreateTempSubdirectory("sealer-junit-");
        try
        {
            var path = Path.Combine(folder.FullName, "new", "hosts.xml");
            await HostCheckReport.WriteAsync(
                [
                    Result("n1", "Cpu", HostCheckStatus.Passed), Result("n1", "Swap", HostCheckStatus.Failed), Result("n1", "Ipvs", HostCheckStatus.Warning),
                    Result("n2", "Cpu", HostCheckStatus.Ignored), Result("n2", "Swap", HostCheckStatus.Skipped),
                ],
                path);
            var suites = XDocument.Load(path).Root!;
            Assert.Equal(("5", "1", "2"), (suites.Attribute("tests")!.Value, suites.Attribute("failures")!.Value, suites.Attribute("skipped")!.Value));
            Assert.Equal([("n1", "3"), ("n2", "2")], suites.Elements("testsuite").Select(s => (s.Attribute("name")!.Value, s.Attribute("tests")!.Value)));
            var failure = Assert.Single(suites.Descendants("failure"));
            Assert.Equal("Swap", failure.Parent!.Attribute("name")!.Value);
            Assert.Contains("do this", failure.Value, StringComparison.Ordinal);
            Assert.Equal([path], Directory.GetFiles(Path.GetDirectoryName(path)!));
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    [Theory]
    [InlineData("bell \a and escape \u001b[31m and NUL \0")]
    [InlineData("half of a pair \ud83d and another \ude00")]
    [InlineData("not a character \uffff")]
    [InlineData("<&>\"']]>")]
    public void What_hosts_say_is_XML_whatever_it_is(string said)
    {
        var xml = XDocument.Parse(System.Text.Encoding.UTF8.GetString(HostCheckReport.ToXml([Result("n1", "Swap", HostCheckStatus.Failed) with { Message = said, Host = said }])));
        Assert.Single(xml.Descendants("failure"));
    }

    [Fact]
    public async Task A_report_that_cannot_be_written_leaves_the_old_one()
    {
        var folder = Directory.CreateTempSubdirectory("sealer-junit-");
        try
        {
            var path = Path.Combine(folder.FullName, "hosts.xml");
            Directory.CreateDirectory(path);
            await Assert.ThrowsAnyAsync<Exception>(() => HostCheckReport.WriteAsync([Result("n1", "Cpu", HostCheckStatus.Passed)], path));
            Assert.Empty(Directory.GetFiles(folder.FullName));
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    private static HostCheckResult Result(string host, string check, HostCheckStatus status) => new()
    {
        Host = host,
        Check = check,
        Status = status,
        Severity = HostCheckSeverity.Error,
        Message = "It is so.",
        Remedy = "do this",
    };
}
