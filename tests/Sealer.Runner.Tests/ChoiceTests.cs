using System.Collections.ObjectModel;
using System.Management.Automation.Host;

namespace Sealer.Runner.Tests;

public sealed class ChoiceTests
{
    private static readonly Collection<ChoiceDescription> Choices = [new("&Yes"), new("Yes to &All"), new("&No"), new("Other")];

    [Theory]
    [InlineData("y", 0), InlineData("A", 1), InlineData("yes to all", 1), InlineData("NO", 2), InlineData("other", 3)]
    [InlineData("o", null), InlineData("", null), InlineData("x", null), InlineData("Yes to &All", null)]
    public void A_choice_is_named_by_its_letter_or_its_label(string answer, int? choice) =>
        Assert.Equal(choice, RunnerInterface.FindChoice(Choices, answer));
}
